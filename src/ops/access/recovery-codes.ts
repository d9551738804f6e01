/** Recovery codes: for who has lost the authenticator. Each is good once in place of a TOTP code. */
import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { RECOVERY_CODES } from '../../../contract/auth.ts';
import type { UserId } from '../../../contract/ids.ts';
import type { Db, Tx } from '../../platform/postgres/db.ts';
import { hashToken } from './tokens.ts';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const LENGTH = 16;

/** 80 random bits: `abcd-efgh-ijkl-mnop`. */
function newCode(): string {
  const letters = [...randomBytes(LENGTH)].map((byte) => ALPHABET.charAt(byte % ALPHABET.length)).join('');
  return letters.replace(/(?!^)(?=(?:.{4})+$)/g, '-');
}

/** As the contract's schema leaves a code that was typed in. */
const plain = (code: string): string => code.replaceAll('-', '');

/** New codes for a user, to be shown once; those before are worth nothing from now on. */
export async function makeRecoveryCodes(tx: Tx, user: UserId): Promise<string[]> {
  const codes = Array.from({ length: RECOVERY_CODES }, newCode);
  await deleteRecoveryCodes(tx, user);
  await sql`
    INSERT INTO recovery_codes (user_id, code_hash)
    SELECT ${user}, unnest(${codes.map((code) => hashToken(plain(code)))}::bytea[])`.execute(tx);
  return codes;
}

/** Uses a code up. False when it is none of the user's, or was used before. */
export async function useRecoveryCode(tx: Tx, user: UserId, code: string): Promise<boolean> {
  const { numAffectedRows } = await sql`
    DELETE FROM recovery_codes WHERE user_id = ${user} AND code_hash = ${hashToken(plain(code))}`.execute(tx);
  return (numAffectedRows ?? 0n) > 0n;
}

export async function countRecoveryCodes(db: Db, user: UserId): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    SELECT count(*)::int AS count FROM recovery_codes WHERE user_id = ${user}`.execute(db);
  return rows[0]?.count ?? 0;
}

export async function deleteRecoveryCodes(tx: Tx, user: UserId): Promise<void> {
  await sql`DELETE FROM recovery_codes WHERE user_id = ${user}`.execute(tx);
}
