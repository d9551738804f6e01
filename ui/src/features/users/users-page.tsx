import { Tabs } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { Page } from '../../components/page.tsx';
import { useMay } from '../../services/permissions.ts';
import { Roles } from './roles.tsx';
import { usersSearch } from './search.ts';
import { Tokens } from './tokens.tsx';
import { Users } from './users.tsx';

const route = getRouteApi('/users');

/** Who may do what: users, the tokens of programs, and the roles. */
export function UsersPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const managesUsers = useMay()('users.manage');
  const asked = search.view ?? 'users';
  const view = asked === 'users' && !managesUsers ? 'tokens' : asked;
  return (
    <Page
      title="Access"
      sentence={
        managesUsers
          ? 'Who signs in, which programs come with a token, and what each role may do.'
          : 'API tokens for your programs, and what each role may do. Users are for admins.'
      }
    >
      <Tabs
        value={view}
        onChange={(next) => void navigate({ search: { view: usersSearch.shape.view.parse(next) } })}
        keepMounted={false}
      >
        <Tabs.List mb="md">
          {managesUsers && <Tabs.Tab value="users">Users</Tabs.Tab>}
          <Tabs.Tab value="tokens">API tokens</Tabs.Tab>
          <Tabs.Tab value="roles">Roles</Tabs.Tab>
        </Tabs.List>
        {managesUsers && (
          <Tabs.Panel value="users">
            <Users search={search} />
          </Tabs.Panel>
        )}
        <Tabs.Panel value="tokens">
          <Tokens search={search} />
        </Tabs.Panel>
        <Tabs.Panel value="roles">
          <Roles />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}
