import { Button, type ButtonProps } from '@mantine/core';
import { createLink } from '@tanstack/react-router';

type Props = ButtonProps & Omit<React.ComponentPropsWithRef<'a'>, keyof ButtonProps>;

/** A link that looks like a button, with the types of a link. */
export const LinkButton = createLink((props: Props) => <Button component="a" variant="default" {...props} />);
