import type { AdjustmentType, BalanceAdjustRequest } from '../../../contract/billing.ts';
import type { ProviderId } from '../../../contract/ids.ts';
import { formatMoney, negated, parseMoney, type Cents } from '../../../contract/money.ts';
import { changed, record } from '../../ops/audit/record.ts';
import { badField, HttpError } from '../../platform/http/errors.ts';
import type { Actor } from '../../platform/http/types.ts';
import type { Clock } from '../../platform/lifecycle/clock.ts';
import type { Logger } from '../../platform/logging/logger.ts';
import type { Db, Tx } from '../../platform/postgres/db.ts';
import type { EmailQueue } from '../email/queue.ts';
import { afterBalanceChange } from './after-change.ts';
import { findEntry, findEntryByKey, type LedgerRow } from './history-store.ts';
import { BalanceTooLargeError, InsufficientFundsError, lockBalance, postEntry } from './ledger.ts';
import { timed, type BillingMetrics } from './operation.ts';

export interface AdjustDeps {
  db: Db;
  clock: Clock;
  /** `email_send`, with the configuration's overrides applied. */
  emailQueue: EmailQueue;
  billing: BillingMetrics;
}

export interface Adjustment extends BalanceAdjustRequest {
  providerId: ProviderId;
  /** The admin who books it. */
  actor: Actor;
  /** With it the same adjustment sent again is booked once; null books every time. */
  idempotencyKey: string | null;
}

/**
 * Books a deposit, or a credit or debit by hand, on a provider's balance (marketplace.md, "Billing").
 * @returns the ledger entry; one that was booked before when the adjustment was sent with the same key
 * @throws HttpError `not_found` for an unknown provider; `insufficient_funds` for a debit over the balance;
 *   `conflict` when the key stands for another adjustment; `bad_request` for a deposit that the balance can't hold
 */
export async function adjustBalance(
  deps: AdjustDeps,
  adjustment: Adjustment,
  logger: Logger,
): Promise<LedgerRow> {
  const { entry, isNew } = await timed(deps.billing, () =>
    deps.db.transaction().execute((tx) => adjustIn(tx, deps, adjustment)),
  );
  if (isNew) {
    const { providerId, type, actor } = adjustment;
    logger.info('balance_adjusted', { provider_id: providerId, type, entry_id: entry.id, by: actor.userId });
  }
  return entry;
}

async function adjustIn(
  tx: Tx,
  { clock, emailQueue }: AdjustDeps,
  adjustment: Adjustment,
): Promise<{ entry: LedgerRow; isNew: boolean }> {
  const { providerId, type, memo, actor, idempotencyKey: key } = adjustment;
  const { correlationId } = actor;
  const amount = signed(type, parseMoney(adjustment.amount));
  // The lock comes first: of two equal requests, the second finds what the first has booked.
  const before = await lockBalance(tx, providerId);
  if (before === null) throw new HttpError('not_found');
  const booked = key === null ? null : await findEntryByKey(tx, providerId, key);
  if (booked !== null) {
    const isSame =
      booked.entry_type === type && booked.amount === formatMoney(amount) && booked.memo === memo;
    if (!isSame) throw new HttpError('conflict');
    return { entry: booked, isNew: false };
  }
  const now = new Date(clock.now());
  const { id } = await refuseUnbookable(
    postEntry(tx, {
      providerId,
      type,
      amount,
      actor: { id: actor.userId, role: 'admin' },
      memo,
      ...(key === null ? {} : { idempotencyKey: key }),
      correlationId,
      at: now,
    }),
  );
  await afterBalanceChange(tx, providerId, { emailQueue, correlationId, now });
  const entry = await findEntry(tx, id);
  if (entry === null) throw new Error('The ledger entry is not there');
  await record(tx, actor, {
    action: 'balance.adjust',
    target: { type: 'provider', id: providerId },
    reason: memo,
    changes: {
      balance: changed(formatMoney(before), entry.balance_after),
      amount: entry.amount,
      entry_type: type,
      entry_id: entry.id,
    },
  });
  return { entry, isNew: true };
}

function signed(type: AdjustmentType, amount: Cents): Cents {
  return type === 'manual_debit' ? negated(amount) : amount;
}

/** What the ledger refuses, as answers to the admin. */
async function refuseUnbookable<T>(posting: Promise<T>): Promise<T> {
  try {
    return await posting;
  } catch (error) {
    if (error instanceof InsufficientFundsError) throw new HttpError('insufficient_funds', { cause: error });
    if (error instanceof BalanceTooLargeError) {
      throw badField('amount', 'would make the balance more than 99999999.99');
    }
    throw error;
  }
}
