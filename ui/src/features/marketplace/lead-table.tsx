import { Button, Group } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { LeadSummary } from '../../../../contract/lead-approval.ts';
import { Time } from '../../components/values.tsx';
import { useMay } from '../../services/permissions.ts';
import type { LeadVerb } from './lead-decision.tsx';
import type { LeadsSearch } from './search.ts';
import { LEAD_STATES, Looks } from './values.tsx';

interface Props {
  search: LeadsSearch;
  onAsk: (verb: LeadVerb, lead: LeadSummary) => void;
}

export function LeadTable({ leads, ...props }: Props & { leads: readonly LeadSummary[] }) {
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
          <th scope="col" className="mantine-visible-from-sm">
            Submitted
          </th>
          <th scope="col">
            <span className="visually-hidden">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {leads.map((lead) => (
          <Row key={lead.id} lead={lead} {...props} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ lead, search, onAsk }: Props & { lead: LeadSummary }) {
  const may = useMay();
  const { id, contact_name: name, email, phone, niche, status, created_at: at } = lead;
  return (
    <tr>
      <td style={{ padding: '6px 8px' }}>
        <Link to="/leads" search={{ ...search, lead: id }} className="raw" resetScroll={false}>
          {name}
        </Link>
        <div className="raw quiet">
          {email} · {phone}
        </div>
        <div className="mantine-hidden-from-sm">
          {niche} · <Time at={at} />
          <div>
            <Looks look={LEAD_STATES[status]} />
          </div>
        </div>
      </td>
      <td className="mantine-visible-from-sm">{niche}</td>
      <td className="mantine-visible-from-sm">
        <Looks look={LEAD_STATES[status]} />
      </td>
      <td className="mantine-visible-from-sm">
        <Time at={at} />
      </td>
      <td className="number">
        {status === 'pending_approval' && may('leads.decide') && (
          <Group gap={4} justify="flex-end">
            <Button
              size="compact-sm"
              onClick={() => onAsk('approve', lead)}
              aria-label={`Approve the lead of ${name}`}
            >
              Approve
            </Button>
            <Button
              size="compact-sm"
              variant="default"
              onClick={() => onAsk('reject', lead)}
              aria-label={`Reject the lead of ${name}`}
            >
              Reject
            </Button>
          </Group>
        )}
      </td>
    </tr>
  );
}
