import { Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import type { LeadSummary } from '../../../../contract/lead-approval.ts';
import { Page } from '../../components/page.tsx';
import { Empty, Loaded } from '../../components/problem.tsx';
import { counted } from '../../services/format.ts';
import { LeadDecision, type LeadVerb } from './lead-decision.tsx';
import { LeadDialog } from './lead-dialog.tsx';
import { LeadTable } from './lead-table.tsx';
import { Pager } from '../../components/pager.tsx';
import { leadsQuery } from './queries.ts';
import { leadsSearch } from './search.ts';
import { LEAD_STATES, optionsOf } from './values.tsx';

const route = getRouteApi('/leads');
const STATES = [...optionsOf(LEAD_STATES), { value: 'all', label: 'any state' }];

/** Requests for quotes; those that wait for an admin by default. */
export function LeadsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const query = useQuery(leadsQuery(search));
  const [asked, setAsked] = useState<{ verb: LeadVerb; lead: LeadSummary } | null>(null);
  const { status = 'pending_approval', lead } = search;
  const total = query.data?.pagination.total;
  return (
    <Page
      title="Leads"
      sentence={
        status === 'pending_approval' && total !== undefined && `${counted(total, 'lead')} awaiting approval.`
      }
      actions={
        <Select
          aria-label="State"
          w={200}
          allowDeselect={false}
          data={STATES}
          value={status}
          onChange={(next) => void navigate({ search: leadsSearch.parse({ status: next }) })}
        />
      }
    >
      <Loaded query={query}>
        {({ leads, pagination }) => (
          <>
            {leads.length === 0 ? (
              <Empty title={status === 'pending_approval' ? 'No lead awaits approval' : 'No leads'}>
                A lead comes here once its end user has confirmed it by email.
              </Empty>
            ) : (
              <LeadTable leads={leads} search={search} onAsk={(verb, one) => setAsked({ verb, lead: one })} />
            )}
            <Pager
              pagination={pagination}
              onPage={(page) => void navigate({ search: { ...search, page } })}
            />
          </>
        )}
      </Loaded>
      {lead !== undefined && (
        <LeadDialog
          id={lead}
          onAsk={(verb, one) => setAsked({ verb, lead: one })}
          onClose={() => void navigate({ search: { ...search, lead: undefined }, resetScroll: false })}
        />
      )}
      {asked !== null && <LeadDecision {...asked} onClose={() => setAsked(null)} />}
    </Page>
  );
}
