import { Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import type { BadLead } from '../../../../contract/bad-leads.ts';
import { ReasonDialog } from '../../components/reason-dialog.tsx';
import { type BadLeadVerdict, useDecideBadLead } from './queries.ts';
import { Money } from './values.tsx';

/** Asks before a report is decided, once and for all. */
export function BadLeadDecision({
  verb,
  report: { assignment_id: id, company_name: company, price_charged: price },
  onClose,
}: {
  verb: BadLeadVerdict['verb'];
  report: BadLead;
  onClose: () => void;
}) {
  const decide = useDecideBadLead();
  const refunds = verb === 'approve';
  return (
    <ReasonDialog
      title={refunds ? 'Approve this report' : 'Reject this report'}
      verb={refunds ? 'Approve and refund' : 'Reject report'}
      danger={!refunds}
      min={10}
      busy={decide.isPending}
      error={decide.error}
      onConfirm={(memo) =>
        decide.mutate(
          { id, verb, memo },
          {
            onSuccess: () => {
              notifications.show({
                message: refunds
                  ? `${company} has the charge back.`
                  : `The report of ${company} is rejected.`,
              });
              onClose();
            },
          },
        )
      }
      onClose={onClose}
    >
      <Text size="sm">
        {refunds ? (
          <>
            <Money amount={price} /> goes back to the balance of <bdi>{company}</bdi>, which reads the reason
            in its ledger.
          </>
        ) : (
          <>
            The charge of <Money amount={price} /> to <bdi>{company}</bdi> stands.
          </>
        )}{' '}
        This can’t be taken back.
      </Text>
    </ReasonDialog>
  );
}
