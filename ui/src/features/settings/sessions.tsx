import { Button, Group, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQuery } from '@tanstack/react-query';
import type { SessionBody } from '../../../../contract/auth.ts';
import { Section } from '../../components/page.tsx';
import { Loaded, Problem } from '../../components/problem.tsx';
import { State } from '../../components/state.tsx';
import { Time } from '../../components/values.tsx';
import { counted } from '../../services/format.ts';
import { browserName } from './browser-name.ts';
import { sessionsQuery, useEndOtherSessions, useEndSession } from './queries.ts';

export function Sessions() {
  const sessions = useQuery(sessionsQuery);
  const endOne = useEndSession();
  const endOthers = useEndOtherSessions();
  const others = sessions.data?.sessions.filter(({ current }) => !current).length ?? 0;
  const error = endOne.error ?? endOthers.error;
  return (
    <Section
      title="Your sessions"
      aside={
        others > 0 && (
          <Button
            variant="default"
            loading={endOthers.isPending}
            onClick={() =>
              endOthers.mutate(undefined, {
                onSuccess: ({ ended }) =>
                  notifications.show({ message: `${counted(ended, 'other session')} ended.` }),
              })
            }
          >
            End {counted(others, 'other session')}
          </Button>
        )
      }
    >
      {error !== null && <Problem error={error} />}
      <Loaded query={sessions} rows={2}>
        {({ sessions: list }) => (
          <table className="table">
            <thead>
              <tr>
                <th scope="col">Browser</th>
                <th scope="col">Last used</th>
                <th scope="col" className="mantine-visible-from-sm">
                  Signed in
                </th>
                <th scope="col">
                  <span className="visually-hidden">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {list.map((session) => (
                <Row
                  key={session.id}
                  session={session}
                  busy={endOne.isPending && endOne.variables === session.id}
                  onEnd={() => endOne.mutate(session.id)}
                />
              ))}
            </tbody>
          </table>
        )}
      </Loaded>
      <Text size="xs" className="quiet" mt="xs">
        One that you don’t know? End it, then change your password.
      </Text>
    </Section>
  );
}

function Row({ session, busy, onEnd }: { session: SessionBody; busy: boolean; onEnd: () => void }) {
  const name = browserName(session.user_agent);
  return (
    <tr>
      <td style={{ padding: '4px 8px' }}>
        <span title={session.user_agent ?? undefined}>{name}</span>{' '}
        <span className="quiet raw">{session.ip}</span>
        {session.stage !== 'full' && <div className="quiet">not signed in fully</div>}
      </td>
      <td>
        <Time at={session.last_seen_at} />
      </td>
      <td className="mantine-visible-from-sm">
        <Time at={session.created_at} />
      </td>
      <td>
        <Group justify="flex-end">
          {session.current ? (
            <State kind="calm">this one</State>
          ) : (
            <Button
              variant="default"
              size="compact-sm"
              loading={busy}
              onClick={onEnd}
              aria-label={`End the session of ${name}, ${session.ip}`}
            >
              End
            </Button>
          )}
        </Group>
      </td>
    </tr>
  );
}
