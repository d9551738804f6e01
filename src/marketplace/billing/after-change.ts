import type { CorrelationId, ProviderId } from '../../../contract/ids.ts';
import { formatMoney } from '../../../contract/money.ts';
import { enqueueIn } from '../../ops/outbox/enqueue-in.ts';
import type { Tx } from '../../platform/postgres/db.ts';
import type { EmailQueue } from '../email/queue.ts';
import { deactivateUnaffordable, lockBalance, noteLowBalance, reactivateAffordable } from './store.ts';

export interface AfterChangeDeps {
  /** `email_send`, with the configuration's overrides applied. */
  emailQueue: EmailQueue;
  correlationId: CorrelationId | null;
  now: Date;
}

/**
 * What follows from a balance, to be called in the transaction that changed it (marketplace.md, "Billing"):
 * subscriptions that it can't pay are deactivated, those that only lacked money are reactivated, and the
 * provider is told once when the balance falls to its threshold or below. Does nothing when called again.
 */
export async function afterBalanceChange(
  tx: Tx,
  providerId: ProviderId,
  deps: AfterChangeDeps,
): Promise<void> {
  // The provider before its subscriptions, always: who takes two locks in one order waits for nobody who waits.
  await lockBalance(tx, providerId);
  await deactivateUnaffordable(tx, providerId, deps.now);
  await reactivateAffordable(tx, providerId);
  const alert = await noteLowBalance(tx, providerId, deps.now);
  if (alert === null) return;
  await enqueueIn(
    tx,
    deps.emailQueue,
    {
      to: alert.email,
      template: 'low_balance',
      data: {
        company_name: alert.companyName,
        balance: formatMoney(alert.balance),
        threshold: formatMoney(alert.threshold),
      },
    },
    { correlationId: deps.correlationId },
  );
}
