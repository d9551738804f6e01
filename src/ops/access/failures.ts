import type { Tx } from '../../platform/postgres/db.ts';
import { lockMs } from './lockout.ts';
import { type User, writeFailures } from './store.ts';

/** Whether attempts on the account are refused for now, right ones too. */
export function isLocked(user: User, nowMs: number): boolean {
  return user.lockedUntil !== null && user.lockedUntil.getTime() > nowMs;
}

/**
 * Counts a wrong password or code toward the lock-out. The user must be locked by the transaction, so that
 * parallel guesses are counted one after another.
 * @returns how long the account is locked from now, in milliseconds; 0 when it is not
 */
export async function countFailure(tx: Tx, user: User, nowMs: number): Promise<number> {
  const count = user.failedLogins + 1;
  const lockedMs = lockMs(count);
  await writeFailures(tx, user.id, { count, lockedUntil: lockedMs > 0 ? new Date(nowMs + lockedMs) : null });
  return lockedMs;
}

/** A full sign-in ends the row of failures. */
export async function forgetFailures(tx: Tx, user: User): Promise<void> {
  if (user.failedLogins > 0) await writeFailures(tx, user.id, { count: 0, lockedUntil: null });
}
