import type { Tx } from '../../platform/postgres/db.ts';
import { lockDevice, writeDeviceFailures } from './devices.ts';
import { lockMs } from './lockout.ts';
import { type User, writeFailures } from './store.ts';
import type { Caller } from './types.ts';

/**
 * A row of wrong passwords and codes. A browser that the user has signed in with has one of its own; all
 * others share the account's. So a stranger who guesses locks out strangers, not the user.
 */
export interface Failures {
  count: number;
  lockedUntil: Date | null;
  /** The hash of the browser's token; null for the account's row. */
  device: Buffer | null;
}

/** The row that an attempt from here counts in. The user must be locked by the transaction. */
export async function failuresOf(
  tx: Tx,
  user: User,
  { device: token }: Caller,
  nowMs: number,
): Promise<Failures> {
  const device = token === null ? null : await lockDevice(tx, user.id, token, new Date(nowMs));
  return device ?? { count: user.failedLogins, lockedUntil: user.lockedUntil, device: null };
}

/** Whether attempts from here are refused for now, right ones too. */
export function isLocked({ lockedUntil }: Failures, nowMs: number): boolean {
  return lockedUntil !== null && lockedUntil.getTime() > nowMs;
}

/**
 * Counts a wrong password or code toward the lock-out. The user must be locked by the transaction, so that
 * parallel guesses are counted one after another.
 * @returns how long attempts from here are refused from now, in milliseconds; 0 when they are not
 */
export async function countFailure(tx: Tx, user: User, failures: Failures, nowMs: number): Promise<number> {
  const count = failures.count + 1;
  const lockedMs = lockMs(count);
  await write(tx, user, failures, { count, lockedUntil: lockedMs > 0 ? new Date(nowMs + lockedMs) : null });
  return lockedMs;
}

/** A full sign-in, or a confirmation, ends the row of failures that it came from. */
export async function forgetFailures(tx: Tx, user: User, failures: Failures): Promise<void> {
  if (failures.count > 0) await write(tx, user, failures, { count: 0, lockedUntil: null });
}

async function write(
  tx: Tx,
  user: User,
  { device }: Failures,
  next: { count: number; lockedUntil: Date | null },
): Promise<void> {
  if (device === null) await writeFailures(tx, user.id, next);
  else await writeDeviceFailures(tx, device, next);
}
