import { Button, Group, Modal, Stack, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { z } from 'zod';
import type { LeadId } from '../../../../contract/ids.ts';
import type { leadDetail, LeadSummary } from '../../../../contract/lead-approval.ts';
import { Empty, Loaded } from '../../components/problem.tsx';
import { Id, Time } from '../../components/values.tsx';
import { Who } from '../../components/who.tsx';
import { useMay } from '../../services/permissions.ts';
import { Facts } from '../../components/facts.tsx';
import { Answers } from './answers.tsx';
import type { LeadVerb } from './lead-decision.tsx';
import { assignmentsQuery, leadQuery } from './queries.ts';
import { ASSIGNMENT_STATES, LEAD_STATES, Looks, Money } from './values.tsx';

/** One lead: what was asked, what was decided, who got it. */
export function LeadDialog({
  id,
  onAsk,
  onClose,
}: {
  id: LeadId;
  onAsk: (verb: LeadVerb, lead: LeadSummary) => void;
  onClose: () => void;
}) {
  const query = useQuery(leadQuery(id));
  return (
    <Modal opened onClose={onClose} title="Lead" size="lg" closeButtonProps={{ 'aria-label': 'Close' }}>
      <Loaded query={query}>
        {(lead) => (
          <Stack gap="sm">
            <Facts facts={factsOf(lead)} />
            <Title order={3}>Answers</Title>
            <Answers answers={lead.answers} />
            {lead.status === 'approved' && <Assignments id={id} />}
            <Actions lead={lead} onAsk={onAsk} />
          </Stack>
        )}
      </Loaded>
    </Modal>
  );
}

function factsOf(lead: z.infer<typeof leadDetail>): [string, React.ReactNode][] {
  const { decided_at: decidedAt, decided_by: by, rejection_reason: reason, correlation_id: request } = lead;
  const facts: [string, React.ReactNode][] = [
    ['Who asked', lead.contact_name],
    ['Email', lead.email],
    ['Phone', lead.phone],
    ['Niche', lead.niche],
    ['State', <Looks look={LEAD_STATES[lead.status]} />],
    ['Submitted', <Time at={lead.created_at} />],
    ['Confirmed', <Time at={lead.confirmed_at} />],
  ];
  if (decidedAt !== null) {
    facts.push([
      'Decided',
      <>
        <Time at={decidedAt} /> by <Who id={by} />
      </>,
    ]);
  }
  if (reason !== null) facts.push(['Reason', reason]);
  facts.push(['Id', <Id value={lead.id} what="lead id" />]);
  if (request !== null) facts.push(['Request', <Id value={request} what="correlation id" />]);
  return facts;
}

function Assignments({ id }: { id: LeadId }) {
  const query = useQuery(assignmentsQuery(id));
  return (
    <>
      <Title order={3}>Who got it</Title>
      <Loaded query={query} rows={2}>
        {({ assignments }) =>
          assignments.length === 0 ? (
            <Empty title="No provider yet">It is being distributed, or no provider could take it.</Empty>
          ) : (
            <table className="table">
              <thead>
                <tr>
                  <th scope="col">Provider</th>
                  <th scope="col">State</th>
                  <th scope="col" className="number">
                    Charged
                  </th>
                </tr>
              </thead>
              <tbody>
                {assignments.map((one) => (
                  <tr key={one.id}>
                    <td>
                      <Link to="/providers/$id" params={{ id: one.provider_id }} className="raw">
                        {one.company_name}
                      </Link>{' '}
                      <span className="quiet">{one.level_name}</span>
                    </td>
                    <td>
                      <Looks look={ASSIGNMENT_STATES[one.status]} />
                      {one.refunded_at !== null && ', refunded'}
                    </td>
                    <td className="number">
                      <Money amount={one.price_charged} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )
        }
      </Loaded>
    </>
  );
}

function Actions({
  lead,
  onAsk,
}: {
  lead: z.infer<typeof leadDetail>;
  onAsk: (verb: LeadVerb, lead: LeadSummary) => void;
}) {
  const may = useMay();
  return (
    <Group gap="xs" justify="flex-end">
      {lead.status === 'pending_approval' && may('leads.decide') && (
        <>
          <Button variant="default" onClick={() => onAsk('reject', lead)}>
            Reject…
          </Button>
          <Button onClick={() => onAsk('approve', lead)}>Approve…</Button>
        </>
      )}
      {lead.status === 'approved' && may('distribution.request') && (
        <Button variant="default" onClick={() => onAsk('distribute', lead)}>
          Distribute again…
        </Button>
      )}
    </Group>
  );
}
