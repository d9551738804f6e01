import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { ProviderBody } from '../../../../contract/providers.ts';
import { Page, Section } from '../../components/page.tsx';
import { Loaded } from '../../components/problem.tsx';
import { Id, Time } from '../../components/values.tsx';
import { useMay } from '../../services/permissions.ts';
import { AdjustBalance } from './adjust-balance.tsx';
import { Facts } from '../../components/facts.tsx';
import { Ledger } from './ledger.tsx';
import { ledgerQuery, providerQuery } from './provider-queries.ts';
import { ProviderState } from './provider-state.tsx';
import { Subscriptions } from './subscriptions.tsx';
import { Money } from './values.tsx';

const route = getRouteApi('/providers/$id');

/** One provider: its balance and how it came to be, and what it gets leads of. */
export function ProviderPage() {
  const { id } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const may = useMay();
  const query = useQuery(providerQuery(id));
  const ledger = useQuery({ ...ledgerQuery(id, search), enabled: may('billing.view') });
  return (
    <Page
      title={query.data?.company_name ?? 'Provider'}
      sentence={query.data !== undefined && <Sentence provider={query.data} />}
      actions={query.data !== undefined && may('billing.adjust') && <Adjust provider={query.data} />}
    >
      <Loaded query={query}>
        {(provider) => (
          <div>
            <Facts facts={factsOf(provider)} />
            <Subscriptions provider={provider} />
            {may('billing.view') && (
              <Section title="Ledger">
                <Ledger
                  query={ledger}
                  type={search.entry_type}
                  onType={(type) => void navigate({ search: { entry_type: type }, resetScroll: false })}
                  onPage={(page) => void navigate({ search: { ...search, page }, resetScroll: false })}
                />
              </Section>
            )}
          </div>
        )}
      </Loaded>
    </Page>
  );
}

function Sentence({ provider }: { provider: ProviderBody }) {
  return (
    <>
      <ProviderState provider={provider} /> · <Money amount={provider.balance} /> on its balance.
    </>
  );
}

function Adjust({ provider }: { provider: ProviderBody }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button onClick={() => setOpen(true)}>Adjust balance</Button>
      {open && <AdjustBalance provider={provider} onClose={() => setOpen(false)} />}
    </>
  );
}

function factsOf(provider: ProviderBody): [string, React.ReactNode][] {
  return [
    ['Email', provider.email],
    [
      'Told when low',
      <>
        at <Money amount={provider.low_balance_threshold} /> or less
      </>,
    ],
    ['Made', <Time at={provider.created_at} />],
    ['Id', <Id value={provider.id} what="provider id" />],
    [
      'Audit',
      <Link to="/audit" search={{ target_type: 'provider', target_id: provider.id }}>
        What staff did to it
      </Link>,
    ],
  ];
}
