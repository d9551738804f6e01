import type { AssignmentId, LevelId } from '../../../contract/ids.ts';
import { formatMoney, negated, type Cents } from '../../../contract/money.ts';
import { enqueueIn } from '../../ops/outbox/enqueue-in.ts';
import type { Db, Tx } from '../../platform/postgres/db.ts';
import { afterBalanceChange } from '../billing/after-change.ts';
import { lockBalance, postEntry } from '../billing/ledger.ts';
import { timed } from '../billing/operation.ts';
import type { EmailQueue } from '../email/queue.ts';
import { isShort, recordSkip, take, type Candidate, type Taken } from './store.ts';
import type { DistributionDeps, Run } from './types.ts';

export type Assigned =
  /** `servedAt` is when the level was last served now. */
  | { outcome: 'assigned'; assignmentId: AssignmentId; servedAt: string }
  /** Short of funds; `first` when no level or run has skipped the provider for this lead before. */
  | { outcome: 'skipped'; first: boolean }
  /** No longer to be considered: deactivated, or has the lead. */
  | { outcome: 'passed_over' };

export interface Turn {
  run: Run;
  levelId: LevelId;
  /** See `LevelState`. */
  lastServed: string | null;
  candidate: Candidate;
  /** As people read it. */
  nicheName: string;
}

/**
 * Assigns a lead to one candidate, in one transaction with all that belongs to it: the charge, the new
 * balance, the candidate's place in the level's order, and the email that tells of it.
 * @param session where the lock on the level's order is held
 */
export function assign(session: Db, deps: DistributionDeps, turn: Turn): Promise<Assigned> {
  return timed(deps.metrics.billing, () => session.transaction().execute((tx) => assignIn(tx, deps, turn)));
}

async function assignIn(tx: Tx, { clock, emailQueue }: DistributionDeps, turn: Turn): Promise<Assigned> {
  const { leadId, correlationId } = turn.run;
  const { providerId, subscriptionId } = turn.candidate;
  // The balance first: nothing of what is checked under it can change before the commit.
  const balance = await lockBalance(tx, providerId);
  if (balance === null) return { outcome: 'passed_over' };
  const at = new Date(clock.now());
  const bid = { leadId, subscriptionId, balance, at };
  const change = { emailQueue, correlationId, now: at };

  const taken = await take(tx, bid, turn.lastServed);
  if (taken === null) {
    if (!(await isShort(tx, bid))) return { outcome: 'passed_over' };
    // Deactivates the subscription, and every other that the balance can't pay.
    await afterBalanceChange(tx, providerId, change);
    const first = await recordSkip(tx, { leadId, providerId, levelId: turn.levelId, at });
    return { outcome: 'skipped', first };
  }
  const balanceAfter = await charge(tx, turn, taken, at);
  await afterBalanceChange(tx, providerId, change);
  await tell(tx, emailQueue, turn, { ...taken, balanceAfter });
  return { outcome: 'assigned', assignmentId: taken.assignmentId, servedAt: taken.servedAt };
}

async function charge(
  tx: Tx,
  { run, candidate }: Turn,
  { price, assignmentId }: Taken,
  at: Date,
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
  { run, candidate, nicheName }: Turn,
  { assignmentId, levelName, price, balanceAfter }: Taken & { balanceAfter: Cents },
): Promise<void> {
  const data = {
    company_name: candidate.companyName,
    niche: nicheName,
    level: levelName,
    price: formatMoney(price),
    balance: formatMoney(balanceAfter),
  };
  await enqueueIn(
    tx,
    emailQueue,
    { to: candidate.email, lead_id: run.leadId, template: 'provider_new_lead', data },
    { correlationId: run.correlationId, jobId: `new-lead-${assignmentId}` },
  );
}
