import { cents, type Cents } from '../../../contract/money.ts';
import type { Tx } from '../../platform/postgres/db.ts';
import type { LedgerEntry } from './entry.ts';
import { lockBalance, writeEntry } from './store.ts';

export type { EntryType } from '../../../contract/billing.ts';
export type { LedgerEntry } from './entry.ts';
export { lockBalance } from './store.ts';

export interface PostedEntry {
  /** The ledger row: a number beyond 2^53, hence text. */
  id: string;
  balanceAfter: Cents;
}

/** The provider can't pay. A normal outcome of billing, not a failure of it; the transaction is still good. */
export class InsufficientFundsError extends Error {
  override name = 'InsufficientFundsError';
  /** What the provider has. */
  readonly balance: Cents;
  constructor(balance: Cents) {
    super('Insufficient funds');
    this.balance = balance;
  }
}

/** The balance would be more than the database can hold. */
export class BalanceTooLargeError extends Error {
  override name = 'BalanceTooLargeError';
  constructor() {
    super('The balance would be over 99,999,999.99');
  }
}

/**
 * Writes a ledger entry and the new balance; nothing else writes either (marketplace.md, "Billing"). Holds
 * the provider's balance until the transaction ends, so entries of one provider come one after the other.
 * Call `afterBalanceChange` once at the end of the same transaction.
 * @throws InsufficientFundsError when the balance would be negative; nothing was written
 * @throws BalanceTooLargeError nothing was written
 */
export async function postEntry(tx: Tx, entry: LedgerEntry): Promise<PostedEntry> {
  const balance = await lockBalance(tx, entry.providerId);
  if (balance === null) throw new Error('There is no such provider');
  const sum = balance + entry.amount;
  if (sum < 0) throw new InsufficientFundsError(balance);
  const balanceAfter = sumOf(sum);
  return { id: await writeEntry(tx, entry, balanceAfter), balanceAfter };
}

function sumOf(sum: number): Cents {
  try {
    return cents(sum);
  } catch {
    throw new BalanceTooLargeError();
  }
}
