import type { AssignmentId } from '../../../contract/ids.ts';
import { formatMoney, negated, type Cents } from '../../../contract/money.ts';
import { enqueueIn } from '../../ops/outbox/enqueue-in.ts';
import type { Db, Tx } from '../../platform/postgres/db.ts';
import { afterBalanceChange } from '../billing/after-change.ts';
import { lockBalance, postEntry } from '../billing/ledger.ts';
import { timed } from '../billing/operation.ts';
import type { EmailQueue } from '../email/queue.ts';
import { recordSkip, takeOffer, type Candidate, type Offer } from './store.ts';
import type { DistributionDeps, Run } from './types.ts';

export type Assigned =
  | { outcome: 'assigned'; assignmentId: AssignmentId }
  /** Short of funds; `first` when no level or run has skipped the provider for this lead before. */
  | { outcome: 'skipped'; first: boolean }
  /** No longer to be considered: deactivated, or has the lead. */
  | { outcome: 'passed_over' };

interface Offered {
  run: Run;
  candidate: Candidate;
  /** As people read it. */
  nicheName: string;
}

/**
 * Assigns a lead to one candidate, in one transaction with all that belongs to it: the charge, the new
 * balance, the candidate's place in the level's order, and the email that tells of it.
 * @param session where the lock on the level's order is held
 */
export function assign(session: Db, deps: DistributionDeps, offered: Offered): Promise<Assigned> {
  return timed(deps.metrics.billing, () =>
    session.transaction().execute((tx) => assignIn(tx, deps, offered)),
  );
}

async function assignIn(tx: Tx, deps: DistributionDeps, offered: Offered): Promise<Assigned> {
  const { leadId, correlationId } = offered.run;
  const { providerId, subscriptionId } = offered.candidate;
  // The balance first: nothing of what is checked under it can change before the commit.
  const balance = await lockBalance(tx, providerId);
  if (balance === null) return { outcome: 'passed_over' };
  const at = new Date(deps.clock.now());
  const offer = await takeOffer(tx, { leadId, subscriptionId, balance, at });
  if (offer === null) return { outcome: 'passed_over' };

  const { assignmentId, levelId } = offer;
  const change = { emailQueue: deps.emailQueue, correlationId, now: at };
  if (assignmentId === null) {
    // Deactivates the subscription, and every other that the balance can't pay.
    await afterBalanceChange(tx, providerId, change);
    return { outcome: 'skipped', first: await recordSkip(tx, { leadId, providerId, levelId, at }) };
  }
  const balanceAfter = await charge(tx, offered, { price: offer.price, assignmentId, at });
  await afterBalanceChange(tx, providerId, change);
  await tell(tx, deps.emailQueue, offered, { offer, assignmentId, balanceAfter });
  return { outcome: 'assigned', assignmentId };
}

async function charge(
  tx: Tx,
  { run, candidate }: Offered,
  { price, assignmentId, at }: { price: Cents; assignmentId: AssignmentId; at: Date },
): Promise<Cents> {
  const { balanceAfter } = await postEntry(tx, {
    providerId: candidate.providerId,
    type: 'lead_purchase',
    amount: negated(price),
    actor: { id: run.triggeredBy.actor_id, role: run.triggeredBy.actor_role },
    leadId: run.leadId,
    assignmentId,
    correlationId: run.correlationId,
    at,
  });
  return balanceAfter;
}

async function tell(
  tx: Tx,
  emailQueue: EmailQueue,
  { run, nicheName }: Offered,
  { offer, assignmentId, balanceAfter }: { offer: Offer; assignmentId: AssignmentId; balanceAfter: Cents },
): Promise<void> {
  const data = {
    company_name: offer.companyName,
    niche: nicheName,
    level: offer.levelName,
    price: formatMoney(offer.price),
    balance: formatMoney(balanceAfter),
  };
  await enqueueIn(
    tx,
    emailQueue,
    { to: offer.email, lead_id: run.leadId, template: 'provider_new_lead', data },
    { correlationId: run.correlationId, jobId: `new-lead-${assignmentId}` },
  );
}
