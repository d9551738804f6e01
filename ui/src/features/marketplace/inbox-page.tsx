import { Tabs } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { Page } from '../../components/page.tsx';
import { State } from '../../components/state.tsx';
import { Exports } from './exports.tsx';
import { balanceQuery } from './inbox-queries.ts';
import { InboxBilling } from './inbox-billing.tsx';
import { InboxLeads } from './inbox-leads.tsx';
import { isLow } from './provider-state.tsx';
import { inboxSearch } from './search.ts';
import { Money } from './values.tsx';

const route = getRouteApi('/inbox');

/** A provider's own page: its leads, its money, and files of both. */
export function InboxPage() {
  const { view = 'leads' } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <Page title="Inbox" sentence={<Balance />}>
      <Tabs
        value={view}
        onChange={(next) => void navigate({ search: inboxSearch.parse({ view: next }) })}
        keepMounted={false}
      >
        <Tabs.List mb="md">
          <Tabs.Tab value="leads">Leads</Tabs.Tab>
          <Tabs.Tab value="billing">Billing</Tabs.Tab>
          <Tabs.Tab value="exports">Exports</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="leads">
          <InboxLeads />
        </Tabs.Panel>
        <Tabs.Panel value="billing">
          <InboxBilling />
        </Tabs.Panel>
        <Tabs.Panel value="exports">
          <Exports />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}

function Balance() {
  const { data } = useQuery(balanceQuery);
  if (data === undefined) return <>The leads that you bought.</>;
  return (
    <>
      Your balance is <Money amount={data.balance} />.{' '}
      {isLow(data) && <State kind="warn">Low: leads stop when it does not cover their price.</State>}
    </>
  );
}
