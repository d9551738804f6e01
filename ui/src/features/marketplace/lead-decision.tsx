import { Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import type { LeadSummary } from '../../../../contract/lead-approval.ts';
import { ReasonDialog } from '../../components/reason-dialog.tsx';
import { AskDialog } from '../../components/ask-dialog.tsx';
import { useApproveLead, useDistributeLead, useRejectLead } from './queries.ts';
import { Contact } from './values.tsx';

export type LeadVerb = 'approve' | 'reject' | 'distribute';

/** Asks before a decision on a lead; it stands once made. */
export function LeadDecision({
  verb,
  lead,
  onClose,
}: {
  verb: LeadVerb;
  lead: LeadSummary;
  onClose: () => void;
}) {
  const approve = useApproveLead();
  const reject = useRejectLead();
  const distribute = useDistributeLead();
  const done = (message: string) => ({
    onSuccess: () => {
      notifications.show({ message });
      onClose();
    },
  });
  if (verb === 'reject') {
    return (
      <ReasonDialog
        title="Reject this lead"
        verb="Reject lead"
        danger
        busy={reject.isPending}
        error={reject.error}
        onConfirm={(reason) =>
          reject.mutate({ id: lead.id, reason }, done(`The lead of ${lead.contact_name} is rejected.`))
        }
        onClose={onClose}
      >
        <Contact of={lead} />
        <Text size="sm">No provider gets it. This can’t be taken back.</Text>
      </ReasonDialog>
    );
  }
  const again = verb === 'distribute';
  const action = again ? distribute : approve;
  return (
    <AskDialog
      title={again ? 'Distribute this lead again' : 'Approve this lead'}
      verb={again ? 'Distribute again' : 'Approve and distribute'}
      busy={action.isPending}
      error={action.error}
      onConfirm={() =>
        action.mutate(lead.id, done(`The lead of ${lead.contact_name} is on its way to providers.`))
      }
      onClose={onClose}
    >
      <Contact of={lead} />
      <Text size="sm">
        Providers of {lead.niche} get it with these contacts, by email and in their inbox, and are charged for
        it.{again ? ' Who has it already does not get it twice.' : ' This can’t be taken back.'}
      </Text>
    </AskDialog>
  );
}
