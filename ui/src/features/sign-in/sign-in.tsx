import { Stack, Text, Title, type TitleOrder } from '@mantine/core';
import { lazy, Suspense, useState } from 'react';
import type { Me } from '../../services/session.ts';
import { CodeStep } from './code-step.tsx';
import { PasswordStep } from './password-step.tsx';

// Few who sign in need it.
const EnrolStep = lazy(() => import('./enrol-step.tsx'));

export interface SignInProps {
  me: Me | null;
  /** 1 on a page of its own. */
  headingOrder: TitleOrder;
  /** Recovery codes to be kept, after MFA was set up. */
  onRecoveryCodes: (codes: readonly string[]) => void;
}

/** The steps of signing in, one at a time: password, then a code, or setting MFA up. */
export function SignIn({ me, headingOrder, onRecoveryCodes }: SignInProps) {
  const [before, setBefore] = useState(me?.stage ?? null);
  const [thrownBack, setThrownBack] = useState(false);
  const [leaving, setLeaving] = useState(false);
  const stage = me?.stage ?? null;
  if (stage !== before) {
    setBefore(stage);
    setThrownBack(stage === null && !leaving);
    setLeaving(false);
  }
  return (
    <Stack gap="md">
      <Title order={headingOrder}>{titleOf(stage)}</Title>
      {me === null ? (
        <>
          {thrownBack && (
            <Text role="status" size="sm">
              This sign-in is over: it took too long, or had too many wrong codes. Start with your password.
            </Text>
          )}
          <PasswordStep />
        </>
      ) : me.stage === 'challenge' ? (
        <CodeStep email={me.email} onLeave={() => setLeaving(true)} />
      ) : (
        <Suspense>
          <EnrolStep email={me.email} onRecoveryCodes={onRecoveryCodes} />
        </Suspense>
      )}
    </Stack>
  );
}

function titleOf(stage: Me['stage'] | null): string {
  if (stage === null) return 'Sign in';
  return stage === 'challenge' ? 'Your code' : 'Set up your authenticator';
}
