import { Button, Group, Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { userRole } from '../../../../contract/access.ts';
import type { UserBody } from '../../../../contract/users.ts';
import { Empty, Loaded } from '../../components/problem.tsx';
import { useMe } from '../../services/session.ts';
import { CreateUser } from './create-user.tsx';
import { Pages } from './pages.tsx';
import { usersQuery } from './queries.ts';
import { type UsersSearch, usersSearch } from './search.ts';
import { UserDialog, type UserDialogKind } from './user-dialog.tsx';
import { UserRow } from './user-row.tsx';

const ROLES = [
  { value: 'staff', label: 'Staff' },
  ...userRole.options.map((value) => ({ value, label: `Role ${value}` })),
  { value: 'all', label: 'Everybody' },
];

export function Users({ search }: { search: UsersSearch }) {
  const users = useQuery(usersQuery(search));
  const navigate = useNavigate();
  const [creating, setCreating] = useState(false);
  const [dialog, setDialog] = useState<{ kind: UserDialogKind; user: UserBody } | null>(null);
  return (
    <>
      <Group justify="space-between" align="flex-end" mb="xs">
        <Select
          label="Show"
          w={160}
          allowDeselect={false}
          data={ROLES}
          value={search.role ?? 'staff'}
          onChange={(role) =>
            void navigate({ to: '/users', search: usersSearch.parse({ view: search.view, role }) })
          }
        />
        <Button onClick={() => setCreating(true)}>Make a user</Button>
      </Group>
      <Loaded query={users}>
        {({ users: list, next_cursor: next }) =>
          list.length === 0 ? (
            <Empty title="Nobody here">
              Staff are made with “Make a user”; a provider’s user is made with the provider.
            </Empty>
          ) : (
            <>
              <Table users={list} onAsk={(kind, user) => setDialog({ kind, user })} />
              <Pages search={search} next={next} />
            </>
          )
        }
      </Loaded>
      {creating && <CreateUser onClose={() => setCreating(false)} />}
      {dialog !== null && <UserDialog {...dialog} onClose={() => setDialog(null)} />}
    </>
  );
}

function Table({
  users,
  onAsk,
}: {
  users: readonly UserBody[];
  onAsk: (kind: UserDialogKind, user: UserBody) => void;
}) {
  const me = useMe();
  return (
    <table className="table">
      <thead>
        <tr>
          <th scope="col">Email</th>
          <th scope="col" className="mantine-visible-from-sm">
            Role
          </th>
          <th scope="col" className="mantine-visible-from-sm">
            State
          </th>
          <th scope="col">Last sign-in</th>
          <th scope="col" className="mantine-visible-from-md">
            Made
          </th>
          <th scope="col">
            <span className="visually-hidden">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {users.map((user) => (
          <UserRow key={user.id} user={user} isMe={user.id === me?.id} onAsk={(kind) => onAsk(kind, user)} />
        ))}
      </tbody>
    </table>
  );
}
