const FREE_FAILURES = 5;
const FIRST_LOCK_MS = 60_000;
const LONGEST_LOCK_MS = 15 * 60_000;

/**
 * How long an account is locked after its n-th failure in a row, in milliseconds: not at all before the
 * fifth, then one minute, doubling up to a quarter of an hour. At the limit that is some 100 guesses a
 * day, whoever makes them and from however many addresses.
 */
export function lockMs(failures: number): number {
  if (failures < FREE_FAILURES) return 0;
  return Math.min(FIRST_LOCK_MS * 2 ** Math.min(failures - FREE_FAILURES, 10), LONGEST_LOCK_MS);
}
