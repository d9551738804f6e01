import { Button, Group, Modal, Stack, Title } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { LeadId } from '../../../../contract/ids.ts';
import type { InboxLeadDetail } from '../../../../contract/inbox.ts';
import { Loaded, Problem } from '../../components/problem.tsx';
import { CopyButton, Time } from '../../components/values.tsx';
import { keys } from '../../services/keys.ts';
import { Facts } from '../../components/facts.tsx';
import { Answers } from './answers.tsx';
import { inboxLeadQuery, useDecideLead } from './inbox-queries.ts';
import { LeadState } from './inbox-table.tsx';
import { ReportBadLead } from './report-bad-lead.tsx';
import { Money } from './values.tsx';

/** A lead that was bought: whom to call, what they want, and what the provider makes of it. */
export function InboxLeadDialog({ id, onClose }: { id: LeadId; onClose: () => void }) {
  const query = useQuery(inboxLeadQuery(id));
  const client = useQueryClient();
  const opened = query.data !== undefined;
  useEffect(() => {
    // It counts as viewed now, and the list says so.
    if (opened) void client.invalidateQueries({ queryKey: keys.allInbox, predicate: isList });
  }, [opened, client]);
  return (
    <Modal opened onClose={onClose} title="Lead" size="lg" closeButtonProps={{ 'aria-label': 'Close' }}>
      <Loaded query={query}>
        {(lead) => (
          <Stack gap="sm">
            <Facts facts={factsOf(lead)} />
            <Title order={3}>Answers</Title>
            <Answers answers={lead.answers} />
            <Actions lead={lead} />
          </Stack>
        )}
      </Loaded>
    </Modal>
  );
}

function isList({ queryKey: [, query] }: { queryKey: readonly unknown[] }): boolean {
  return typeof query === 'object' && query !== null && 'status' in query;
}

function factsOf(lead: InboxLeadDetail): [string, React.ReactNode][] {
  const { email, phone } = lead;
  return [
    ['Who asked', lead.contact_name],
    [
      'Email',
      <>
        {email} <CopyButton text={email} label="Copy the email address" />
      </>,
    ],
    [
      'Phone',
      <>
        {phone} <CopyButton text={phone} label="Copy the phone number" />
      </>,
    ],
    ['Niche', `${lead.niche_name}, ${lead.level_name}`],
    ['State', <LeadState lead={lead} />],
    [
      'Price',
      <>
        <Money amount={lead.price_charged} />
        {lead.refunded_at !== null && (
          <>
            , refunded <Time at={lead.refunded_at} />
          </>
        )}
      </>,
    ],
    ['Asked', <Time at={lead.submitted_at} />],
    ['Got', <Time at={lead.assigned_at} />],
  ];
}

function Actions({ lead }: { lead: InboxLeadDetail }) {
  const decide = useDecideLead();
  const [reporting, setReporting] = useState(false);
  const say = (verb: 'accept' | 'reject'): void =>
    decide.mutate(
      { id: lead.lead_id, verb },
      { onSuccess: () => notifications.show({ message: `Lead ${verb}ed.` }) },
    );
  const busy = (verb: string): boolean => decide.isPending && decide.variables.verb === verb;
  return (
    <>
      {decide.error !== null && <Problem error={decide.error} />}
      {lead.status === 'new' && (
        <p className="quiet" style={{ margin: 0 }}>
          Accept or reject it once; a rejected lead stays paid. If it is no real lead, report it as bad.
        </p>
      )}
      <Group gap="xs" justify="flex-end">
        {lead.bad_lead_status === null && (
          <Button variant="default" onClick={() => setReporting(true)}>
            Report as bad…
          </Button>
        )}
        {lead.status === 'new' && (
          <>
            <Button variant="default" loading={busy('reject')} onClick={() => say('reject')}>
              Reject
            </Button>
            <Button loading={busy('accept')} onClick={() => say('accept')}>
              Accept
            </Button>
          </>
        )}
      </Group>
      {reporting && <ReportBadLead lead={lead} onClose={() => setReporting(false)} />}
    </>
  );
}
