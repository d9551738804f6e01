import { Title } from '@mantine/core';

/** Makes the first admin with the token that the server printed. */
export function SetUpPage() {
  return <Title order={1}>Set up</Title>;
}
