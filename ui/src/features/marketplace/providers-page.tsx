import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { ProviderBody } from '../../../../contract/providers.ts';
import { Page } from '../../components/page.tsx';
import { Empty, Loaded } from '../../components/problem.tsx';
import { Num, Time } from '../../components/values.tsx';
import { counted } from '../../services/format.ts';
import { useMay } from '../../services/permissions.ts';
import { CreateProvider } from './create-provider.tsx';
import { Pager } from '../../components/pager.tsx';
import { providersQuery } from './provider-queries.ts';
import { ProviderState } from './provider-state.tsx';
import { Money } from './values.tsx';

const route = getRouteApi('/providers');

/** Who buys leads, and what is left on their balances. */
export function ProvidersPage() {
  const { page } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useQuery(providersQuery(page));
  const may = useMay();
  const [creating, setCreating] = useState(false);
  const total = query.data?.pagination.total;
  return (
    <Page
      title="Providers"
      sentence={total !== undefined && `${counted(total, 'provider')}, the newest first.`}
      actions={may('providers.change') && <Button onClick={() => setCreating(true)}>Make a provider</Button>}
    >
      <Loaded query={query}>
        {({ providers, pagination }) => (
          <>
            {providers.length === 0 ? (
              <Empty title="No providers yet">Make one, book its deposit, and subscribe it to levels.</Empty>
            ) : (
              <Table providers={providers} />
            )}
            <Pager pagination={pagination} onPage={(next) => void navigate({ search: { page: next } })} />
          </>
        )}
      </Loaded>
      {creating && <CreateProvider onClose={() => setCreating(false)} />}
    </Page>
  );
}

function Table({ providers }: { providers: readonly ProviderBody[] }) {
  return (
    <table className="table">
      <thead>
        <tr>
          <th scope="col">Company</th>
          <th scope="col" className="mantine-visible-from-sm">
            State
          </th>
          <th scope="col" className="number">
            Balance
          </th>
          <th scope="col" className="number mantine-visible-from-sm">
            Active subscriptions
          </th>
          <th scope="col" className="mantine-visible-from-md">
            Made
          </th>
        </tr>
      </thead>
      <tbody>
        {providers.map((provider) => (
          <tr key={provider.id}>
            <td style={{ padding: '6px 8px' }}>
              <Link to="/providers/$id" params={{ id: provider.id }} className="raw">
                {provider.company_name}
              </Link>
              <div className="raw quiet">{provider.email}</div>
              <div className="mantine-hidden-from-sm">
                <ProviderState provider={provider} />
              </div>
            </td>
            <td className="mantine-visible-from-sm">
              <ProviderState provider={provider} />
            </td>
            <td className="number">
              <Money amount={provider.balance} />
            </td>
            <td className="number mantine-visible-from-sm">
              <Num value={provider.active_subscriptions} />
            </td>
            <td className="mantine-visible-from-md">
              <Time at={provider.created_at} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
