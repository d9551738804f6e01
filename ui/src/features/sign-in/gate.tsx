import { Center, Loader, Modal, Stack, Title } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import { Problem } from '../../components/problem.tsx';
import { RecoveryCodes } from '../../components/recovery-codes.tsx';
import { type Me, MeContext, meQuery } from '../../services/session.ts';

import { SignIn } from './sign-in.tsx';

// Of use once in the life of an installation.
const SetUpPage = lazy(() => import('./set-up-page.tsx'));
const SET_UP = '/setup';

/**
 * Lets nobody past who is not signed in. Who is not sees the sign-in form at the address they asked for, and then the
 * page itself. When a session ends under an open page, the form comes over it: nothing on the page is lost. New
 * recovery codes hold the way until they are kept.
 */
export function Gate({ path, children }: { path: string; children: React.ReactNode }) {
  const me = useQuery({ ...meQuery, refetchInterval: 60_000 });
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  const user = me.data?.stage === 'full' && codes === null ? me.data : null;
  const [entered, setEntered] = useState<Me | null>(null);
  if (user !== null && user !== entered) setEntered(user);
  useRenewal(user?.id ?? null);
  useWayFromSetUp(path === SET_UP && user !== null);

  if (me.data === undefined) {
    return (
      <Center mih="60vh" p="md">
        {me.error === null ? (
          <Loader aria-label="Loading" size="sm" />
        ) : (
          <Problem error={me.error} onRetry={() => void me.refetch()} />
        )}
      </Center>
    );
  }
  const headingOrder = entered === null ? 1 : 3;
  const form =
    codes !== null ? (
      <Stack gap="md">
        <Title order={headingOrder}>Your recovery codes</Title>
        <RecoveryCodes codes={codes} onKept={() => setCodes(null)} />
      </Stack>
    ) : me.data === null && path === SET_UP ? (
      <Suspense>
        <SetUpPage />
      </Suspense>
    ) : (
      <SignIn me={me.data} headingOrder={headingOrder} onRecoveryCodes={setCodes} />
    );
  if (entered === null) return <Frame>{form}</Frame>;
  return (
    <div key={entered.id}>
      <MeContext value={entered}>{children}</MeContext>
      <Modal
        opened={user === null}
        onClose={() => undefined}
        withCloseButton={false}
        closeOnEscape={false}
        closeOnClickOutside={false}
        // Above any dialog of the page.
        zIndex={400}
        title="Your session has ended. Sign in to go on where you were."
      >
        {form}
      </Modal>
    </div>
  );
}

function Frame({ children }: { children: React.ReactNode }) {
  useEffect(() => {
    document.title = 'Sign in · fmhl';
  }, []);
  return (
    <Center mih="80vh" p="md" component="main">
      <Stack w="100%" maw={360}>
        {children}
      </Stack>
    </Center>
  );
}

/** After signing in again, asks anew for what failed meanwhile; another user starts with nothing of the one before. */
function useRenewal(user: Me['id'] | null): void {
  const client = useQueryClient();
  const before = useRef<Me['id'] | null>(null);
  useEffect(() => {
    if (user === null) return;
    if (before.current === user) void client.invalidateQueries();
    else if (before.current !== null)
      client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'me' });
    before.current = user;
  }, [user, client]);
}

/** Set-up is no page for who is signed in. */
function useWayFromSetUp(leave: boolean): void {
  const navigate = useNavigate();
  useEffect(() => {
    if (leave) void navigate({ to: '/', replace: true });
  }, [leave, navigate]);
}
