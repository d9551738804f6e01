import { Button, Group, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { ApiTokenBody } from '../../../../contract/tokens.ts';
import { Empty, Loaded } from '../../components/problem.tsx';
import { ReasonDialog } from '../../components/reason-dialog.tsx';
import { useMay } from '../../services/permissions.ts';
import { CreateToken } from './create-token.tsx';
import { Pages } from './pages.tsx';
import { tokensQuery, useRevokeToken } from './queries.ts';
import type { UsersSearch } from './search.ts';
import { TokenRow } from './token-row.tsx';

export function Tokens({ search }: { search: UsersSearch }) {
  const tokens = useQuery(tokensQuery(search));
  const everybodys = useMay()('users.manage');
  const [creating, setCreating] = useState(false);
  const [revoking, setRevoking] = useState<ApiTokenBody | null>(null);
  return (
    <>
      <Group justify="space-between" mb="xs">
        <Text size="sm" style={{ flex: '1 1 240px' }}>
          {everybodys ? 'Everybody’s. ' : 'Yours. '}
          Programs send them as <span className="mono">Authorization: Bearer</span>; expired ones stay listed
          for 30 days.
        </Text>
        <Button onClick={() => setCreating(true)}>Make a token</Button>
      </Group>
      <Loaded query={tokens}>
        {({ tokens: list, next_cursor: next }) =>
          list.length === 0 ? (
            <Empty title="No API tokens">
              A token lets a program do some of what you may do. Make one for each program, with as little as
              it needs.
            </Empty>
          ) : (
            <>
              <table className="table">
                <thead>
                  <tr>
                    <th scope="col">Name</th>
                    <th scope="col" className="mantine-visible-from-sm">
                      May
                    </th>
                    <th scope="col">Last used</th>
                    <th scope="col" className="mantine-visible-from-sm">
                      Expiry
                    </th>
                    <th scope="col">
                      <span className="visually-hidden">Actions</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {list.map((token) => (
                    <TokenRow
                      key={token.id}
                      token={token}
                      owner={everybodys}
                      onRevoke={() => setRevoking(token)}
                    />
                  ))}
                </tbody>
              </table>
              <Pages search={search} next={next} />
            </>
          )
        }
      </Loaded>
      {creating && <CreateToken onClose={() => setCreating(false)} />}
      {revoking !== null && <RevokeToken token={revoking} onClose={() => setRevoking(null)} />}
    </>
  );
}

function RevokeToken({ token, onClose }: { token: ApiTokenBody; onClose: () => void }) {
  const revoke = useRevokeToken();
  return (
    <ReasonDialog
      title="Revoke a token"
      verb="Revoke token"
      danger
      busy={revoke.isPending}
      error={revoke.error}
      onClose={onClose}
      onConfirm={(reason) =>
        revoke.mutate(
          { id: token.id, reason },
          {
            onSuccess: () => {
              notifications.show({ message: `The token “${token.name}” is revoked.` });
              onClose();
            },
          },
        )
      }
    >
      <Text size="sm">
        <b className="raw">{token.name}</b> of <span className="raw">{token.owner_email}</span>: its program
        is refused from the next request on. It can’t be undone.
      </Text>
    </ReasonDialog>
  );
}
