/**
 * Browsers that their user has signed in with, known by a cookie ("device cookies" of OWASP). The cookie lets
 * nobody in; it only keeps the lock-out of strangers away.
 */
import { sql } from 'kysely';
import type { UserId } from '../../../contract/ids.ts';
import type { Db, Tx } from '../../platform/postgres/db.ts';
import { hashToken, looksLikeToken, newToken } from './tokens.ts';

const DAY_MS = 86_400_000;
/** Since the last sign-in. */
export const DEVICE_DAYS = 90;
/** Of one user; the one that was not used for longest makes room. A script that signs in is a new one each time. */
const MOST_DEVICES = 20;

interface Device {
  count: number;
  lockedUntil: Date | null;
  device: Buffer;
}

/** The browser's row, held until the transaction ends; null when the user does not know it. */
export async function lockDevice(tx: Tx, user: UserId, token: string, now: Date): Promise<Device | null> {
  if (!looksLikeToken(token)) return null;
  const { rows } = await sql<Device>`
    SELECT failed_logins AS count, locked_until AS "lockedUntil", token_hash AS device
      FROM known_devices
     WHERE token_hash = ${hashToken(token)} AND user_id = ${user} AND expires_at > ${now}
       FOR UPDATE`.execute(tx);
  return rows[0] ?? null;
}

export async function writeDeviceFailures(
  tx: Tx,
  device: Buffer,
  { count, lockedUntil }: { count: number; lockedUntil: Date | null },
): Promise<void> {
  await sql`
    UPDATE known_devices SET failed_logins = ${count}, locked_until = ${lockedUntil}
     WHERE token_hash = ${device}`.execute(tx);
}

/**
 * The browser is known from now on. The user must be locked by the transaction.
 * @param device as the user's failures know it; null for a browser that is new
 * @returns the token for the cookie of a new one
 */
export async function rememberDevice(
  tx: Tx,
  user: UserId,
  device: Buffer | null,
  nowMs: number,
): Promise<string | undefined> {
  const expiresAt = new Date(nowMs + DEVICE_DAYS * DAY_MS);
  if (device !== null) {
    await sql`UPDATE known_devices SET expires_at = ${expiresAt} WHERE token_hash = ${device}`.execute(tx);
    return undefined;
  }
  const token = newToken();
  await sql`
    DELETE FROM known_devices WHERE token_hash IN (
      SELECT token_hash FROM known_devices WHERE user_id = ${user}
       ORDER BY expires_at DESC OFFSET ${MOST_DEVICES - 1})`.execute(tx);
  await sql`
    INSERT INTO known_devices (token_hash, user_id, expires_at)
    VALUES (${hashToken(token)}, ${user}, ${expiresAt})`.execute(tx);
  return token;
}

/** @returns how many browsers were locked out */
export async function unlockDevices(tx: Tx, user: UserId, now: Date): Promise<number> {
  const { rows } = await sql<{ locked: boolean }>`
    WITH failed AS (SELECT token_hash, locked_until FROM known_devices
                     WHERE user_id = ${user} AND failed_logins > 0 FOR UPDATE)
    UPDATE known_devices SET failed_logins = 0, locked_until = NULL
      FROM failed WHERE known_devices.token_hash = failed.token_hash
    RETURNING COALESCE(failed.locked_until > ${now}, FALSE) AS locked`.execute(tx);
  return rows.filter(({ locked }) => locked).length;
}

/** No browser is known any more: who had one of them may not be the user. */
export async function forgetDevices(tx: Tx, user: UserId): Promise<void> {
  await sql`DELETE FROM known_devices WHERE user_id = ${user}`.execute(tx);
}

export async function deleteExpiredDevices(db: Db, now: Date, limit: number): Promise<number> {
  const { numAffectedRows } = await sql`
    DELETE FROM known_devices WHERE token_hash IN (
      SELECT token_hash FROM known_devices WHERE expires_at <= ${now} LIMIT ${limit} FOR UPDATE SKIP LOCKED
    )`.execute(db);
  return Number(numAffectedRows ?? 0n);
}
