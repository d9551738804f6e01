import { Title } from '@mantine/core';
import type { Me } from '../../services/session.ts';

/** The steps of signing in, one at a time: password, then a code, or setting MFA up. */
export function SignIn({ me }: { me: Me | null }) {
  return <Title order={1}>Sign in {me?.stage}</Title>;
}
