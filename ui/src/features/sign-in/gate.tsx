import { Center, Loader, Modal, Stack } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { Problem } from '../../components/problem.tsx';
import { type Me, meQuery } from '../../services/session.ts';
import { SetUpPage } from './set-up-page.tsx';
import { SignIn } from './sign-in.tsx';

function signedIn(me: Me | null | undefined): me is Me {
  return me?.stage === 'full';
}

/**
 * Lets nobody past who is not signed in. Who is not sees the sign-in form at the address they asked for, and then the
 * page itself. When a session ends under an open page, the form comes over it: nothing on the page is lost.
 */
export function Gate({ path, children }: { path: string; children: React.ReactNode }) {
  const me = useQuery({ ...meQuery, refetchInterval: 60_000 });
  const user = signedIn(me.data) ? me.data.id : null;
  const [entered, setEntered] = useState<Me['id'] | null>(null);
  if (user !== null && user !== entered) setEntered(user);
  useRenewal(user);

  if (path === '/setup' && !signedIn(me.data)) return <SetUpPage />;
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
  if (!signedIn(me.data) && entered === null) {
    return (
      <Center mih="80vh" p="md" component="main">
        <Stack w="100%" maw={360}>
          <SignIn me={me.data} />
        </Stack>
      </Center>
    );
  }
  return (
    <div key={entered}>
      {children}
      <Modal
        opened={!signedIn(me.data)}
        onClose={() => undefined}
        withCloseButton={false}
        closeOnEscape={false}
        closeOnClickOutside={false}
        title="Your session has ended. Sign in to go on where you were."
      >
        <SignIn me={me.data} />
      </Modal>
    </div>
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
