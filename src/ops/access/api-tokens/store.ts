/** The SQL of API tokens. */
import { sql } from 'kysely';
import type { ApiTokenId, UserId } from '../../../../contract/ids.ts';
import type { Db, Tx } from '../../../platform/postgres/db.ts';
import type { CurrentToken } from '../identity.ts';

export interface TokenRow {
  id: ApiTokenId;
  name: string;
  owner_id: UserId;
  owner_email: string;
  permissions: string[];
  created_at: Date;
  expires_at: Date;
  last_used_at: Date | null;
}

const COLUMNS = sql.raw(`
  token.id, token.name, token.user_id AS owner_id, users.email AS owner_email, token.permissions,
  token.created_at, token.expires_at, token.last_used_at`);

/** The token of a hash and its user, as long as neither has ended. */
export async function findToken(db: Db, hash: Buffer, now: Date): Promise<CurrentToken | null> {
  const { rows } = await sql<CurrentToken>`
    SELECT token.id, users.id AS "userId", users.role, users.mfa_enrolled_at IS NOT NULL AS "mfaEnrolled",
           token.permissions, token.last_used_at AS "lastUsedAt"
      FROM api_tokens AS token JOIN users ON users.id = token.user_id
     WHERE token.token_hash = ${hash} AND token.expires_at > ${now} AND users.disabled_at IS NULL`.execute(
    db,
  );
  return rows[0] ?? null;
}

export async function writeLastUsed(db: Db, id: ApiTokenId, now: Date): Promise<void> {
  await sql`UPDATE api_tokens SET last_used_at = ${now} WHERE id = ${id}`.execute(db);
}

/**
 * Newest first.
 * @param owner null for everybody's
 * @param after the last token of the page before
 */
export async function listTokens(
  db: Db,
  { owner, after, limit }: { owner: UserId | null; after: ApiTokenId | null; limit: number },
): Promise<TokenRow[]> {
  const { rows } = await sql<TokenRow>`
    SELECT ${COLUMNS}
      FROM api_tokens AS token JOIN users ON users.id = token.user_id
     WHERE (${owner}::uuid IS NULL OR token.user_id = ${owner})
       AND (${after}::uuid IS NULL OR (token.created_at, token.id) <
            (SELECT created_at, id FROM api_tokens WHERE id = ${after}))
     ORDER BY token.created_at DESC, token.id DESC
     LIMIT ${limit}`.execute(db);
  return rows;
}

export interface NewApiToken {
  hash: Buffer;
  owner: UserId;
  name: string;
  permissions: readonly string[];
  now: Date;
  expiresAt: Date;
}

export async function insertToken(tx: Tx, token: NewApiToken): Promise<TokenRow> {
  const { rows } = await sql<TokenRow>`
    WITH token AS (
      INSERT INTO api_tokens (token_hash, user_id, name, permissions, created_at, expires_at)
      VALUES (${token.hash}, ${token.owner}, ${token.name}, ${token.permissions}, ${token.now},
              ${token.expiresAt})
      RETURNING *)
    SELECT ${COLUMNS} FROM token JOIN users ON users.id = token.user_id`.execute(tx);
  const row = rows[0];
  if (row === undefined) throw new Error('The owner of the token is gone');
  return row;
}

/** Tokens of a user that have not expired. */
export async function countTokens(tx: Tx, owner: UserId, now: Date): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    SELECT count(*)::int AS count FROM api_tokens
     WHERE user_id = ${owner} AND expires_at > ${now}`.execute(tx);
  return rows[0]?.count ?? 0;
}

/** @param owner null for anybody's. Null when there is none of this id. */
export async function deleteToken(
  tx: Tx,
  id: ApiTokenId,
  owner: UserId | null,
): Promise<Pick<TokenRow, 'name' | 'owner_id'> | null> {
  const { rows } = await sql<Pick<TokenRow, 'name' | 'owner_id'>>`
    DELETE FROM api_tokens WHERE id = ${id} AND (${owner}::uuid IS NULL OR user_id = ${owner})
    RETURNING name, user_id AS owner_id`.execute(tx);
  return rows[0] ?? null;
}

/** @returns how many there were */
export async function deleteTokensOfUser(tx: Tx, owner: UserId): Promise<number> {
  const { numAffectedRows } = await sql`DELETE FROM api_tokens WHERE user_id = ${owner}`.execute(tx);
  return Number(numAffectedRows ?? 0n);
}

export async function deleteTokensExpiredBefore(db: Db, moment: Date, limit: number): Promise<number> {
  const { numAffectedRows } = await sql`
    DELETE FROM api_tokens WHERE id IN (
      SELECT id FROM api_tokens WHERE expires_at <= ${moment} LIMIT ${limit} FOR UPDATE SKIP LOCKED
    )`.execute(db);
  return Number(numAffectedRows ?? 0n);
}
