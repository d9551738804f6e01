import { formatMoney } from '../../../contract/money.ts';
import type { Tx } from '../../platform/postgres/db.ts';
import { afterBalanceChange } from '../billing/after-change.ts';
import { postEntry } from '../billing/ledger.ts';
import { timed, type BillingMetrics } from '../billing/operation.ts';
import type { EmailQueue } from '../email/queue.ts';
import { decideReport, type DecideDeps, type DecideRequest } from './decide.ts';
import { markRefunded, type DecisionRow } from './store.ts';

export interface ApproveDeps extends DecideDeps {
  /** `email_send`, with the configuration's overrides applied. */
  emailQueue: EmailQueue;
  billing: BillingMetrics;
  /** `fmhl_refunds_approved_total`. */
  refunds: { inc: () => void };
}

/**
 * Approves a bad-lead report: one transaction marks the report and the assignment, and pays exactly what was
 * charged back (marketplace.md, "Bad leads and refunds"). Approving again answers the same state.
 * @throws HttpError `not_found` when the assignment was not reported; `conflict` after a rejection
 */
export async function approveBadLead(deps: ApproveDeps, request: DecideRequest): Promise<DecisionRow> {
  const { isNew, decision } = await timed(deps.billing, () =>
    decideReport(deps, request, 'approved', (tx, at) => refund(tx, deps, request, at)),
  );
  if (isNew) {
    deps.refunds.inc();
    deps.logger.info('bad_lead_approved', {
      assignment_id: request.assignmentId,
      user_id: request.actor.userId,
    });
  }
  return decision;
}

async function refund(
  tx: Tx,
  { emailQueue }: ApproveDeps,
  { assignmentId, actor, memo }: DecideRequest,
  at: Date,
): Promise<Record<string, unknown>> {
  const { correlationId } = actor;
  const { providerId, leadId, price } = await markRefunded(tx, assignmentId, at);
  await postEntry(tx, {
    providerId,
    type: 'refund',
    amount: price,
    actor: { id: actor.userId, role: 'admin' },
    leadId,
    assignmentId,
    memo,
    correlationId,
    at,
  });
  await afterBalanceChange(tx, providerId, { emailQueue, correlationId, now: at });
  return { refund: formatMoney(price), provider_id: providerId, lead_id: leadId };
}
