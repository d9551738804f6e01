import { Link } from '@tanstack/react-router';
import type { InboxLead } from '../../../../contract/inbox.ts';
import { Time } from '../../components/values.tsx';
import type { InboxSearch } from './search.ts';
import { ASSIGNMENT_STATES, Looks, Money, REPORT_STATES } from './values.tsx';

export function InboxTable({ leads, search }: { leads: readonly InboxLead[]; search: InboxSearch }) {
  return (
    <table className="table">
      <thead>
        <tr>
          <th scope="col">Who asked</th>
          <th scope="col" className="mantine-visible-from-sm">
            Niche
          </th>
          <th scope="col" className="mantine-visible-from-sm">
            State
          </th>
          <th scope="col" className="number">
            Price
          </th>
          <th scope="col">Got</th>
        </tr>
      </thead>
      <tbody>
        {leads.map((lead) => (
          <tr key={lead.assignment_id}>
            <td style={{ padding: '6px 8px' }}>
              <Link
                to="/inbox"
                search={{ ...search, lead: lead.lead_id }}
                className="raw"
                resetScroll={false}
                style={lead.viewed_at === null ? { fontWeight: 600 } : undefined}
              >
                {lead.contact_name}
              </Link>
              {lead.viewed_at === null && <span className="quiet"> not opened yet</span>}
              <div className="raw quiet">
                {lead.email} · {lead.phone}
              </div>
              <div className="mantine-hidden-from-sm">
                {lead.niche} · <LeadState lead={lead} />
              </div>
            </td>
            <td className="mantine-visible-from-sm">{lead.niche}</td>
            <td className="mantine-visible-from-sm">
              <LeadState lead={lead} />
            </td>
            <td className="number">
              <Money amount={lead.price_charged} />
            </td>
            <td>
              <Time at={lead.assigned_at} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function LeadState({ lead: { status, bad_lead_status: report } }: { lead: InboxLead }) {
  return (
    <>
      <Looks look={ASSIGNMENT_STATES[status]} />
      {report !== null && <div className="quiet">reported: {REPORT_STATES[report].text}</div>}
    </>
  );
}
