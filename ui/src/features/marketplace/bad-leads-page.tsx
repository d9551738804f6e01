import { Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import type { BadLead } from '../../../../contract/bad-leads.ts';
import { Page } from '../../components/page.tsx';
import { Empty, Loaded } from '../../components/problem.tsx';
import { counted } from '../../services/format.ts';
import { BadLeadDecision } from './bad-lead-decision.tsx';
import { BadLeadItem } from './bad-lead-item.tsx';
import classes from './marketplace.module.css';
import { Pager } from '../../components/pager.tsx';
import { type BadLeadVerdict, badLeadsQuery } from './queries.ts';
import { badLeadsSearch } from './search.ts';
import { optionsOf, REPORT_STATES } from './values.tsx';

const route = getRouteApi('/bad-leads');
const STATES = [...optionsOf(REPORT_STATES), { value: 'all', label: 'any state' }];

/** Leads that providers don't want to pay for; those to be decided by default. */
export function BadLeadsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const query = useQuery(badLeadsQuery(search));
  const [asked, setAsked] = useState<{ verb: BadLeadVerdict['verb']; report: BadLead } | null>(null);
  const { status = 'pending' } = search;
  const total = query.data?.pagination.total;
  return (
    <Page
      title="Bad leads"
      sentence={
        status === 'pending' && total !== undefined && `${counted(total, 'report')} awaiting a decision.`
      }
      actions={
        <Select
          aria-label="State"
          w={200}
          allowDeselect={false}
          data={STATES}
          value={status}
          onChange={(next) => void navigate({ search: badLeadsSearch.parse({ status: next }) })}
        />
      }
    >
      <Loaded query={query}>
        {({ bad_leads: reports, pagination }) => (
          <>
            {reports.length === 0 ? (
              <Empty title={status === 'pending' ? 'No report awaits a decision' : 'No reports'}>
                A provider reports a lead in its inbox, and gets the charge back if you approve.
              </Empty>
            ) : (
              <ul className={classes.list} aria-label="Reports">
                {reports.map((report) => (
                  <BadLeadItem
                    key={report.assignment_id}
                    report={report}
                    onAsk={(verb) => setAsked({ verb, report })}
                  />
                ))}
              </ul>
            )}
            <Pager
              pagination={pagination}
              onPage={(page) => void navigate({ search: { ...search, page } })}
            />
          </>
        )}
      </Loaded>
      {asked !== null && <BadLeadDecision {...asked} onClose={() => setAsked(null)} />}
    </Page>
  );
}
