/** The SQL of users as admins manage them. */
import { sql } from 'kysely';
import type { StaffRole, UserRole } from '../../../../contract/access.ts';
import type { UserId } from '../../../../contract/ids.ts';
import type { UserListQuery } from '../../../../contract/users.ts';
import type { Db, Tx } from '../../../platform/postgres/db.ts';

export interface UserRow {
  id: UserId;
  email: string;
  role: UserRole;
  mfa_enrolled: boolean;
  created_at: Date;
  last_sign_in_at: Date | null;
  disabled_at: Date | null;
  locked_until: Date | null;
}

const COLUMNS = sql.raw(`
  id, email, role, mfa_enrolled_at IS NOT NULL AS mfa_enrolled, created_at, last_sign_in_at, disabled_at,
  locked_until`);

/**
 * By address.
 * @param after the last user of the page before
 */
export async function listUsers(
  db: Db,
  { role, after, limit }: { role: UserListQuery['role']; after: UserId | null; limit: number },
): Promise<UserRow[]> {
  const where = [
    role === undefined ? null : role === 'staff' ? sql`role <> 'provider'` : sql`role = ${role}`,
    after === null ? null : sql`lower(email) > (SELECT lower(email) FROM users WHERE id = ${after})`,
  ].filter((condition) => condition !== null);
  const { rows } = await sql<UserRow>`
    SELECT ${COLUMNS} FROM users
     WHERE ${where.length === 0 ? sql`TRUE` : sql.join(where, sql` AND `)}
     ORDER BY lower(email)
     LIMIT ${limit}`.execute(db);
  return rows;
}

/** Holds the row until the transaction ends; null when there is none. */
export async function lockUserRow(tx: Tx, id: UserId): Promise<UserRow | null> {
  const { rows } = await sql<UserRow>`SELECT ${COLUMNS} FROM users WHERE id = ${id} FOR UPDATE`.execute(tx);
  return rows[0] ?? null;
}

/**
 * Holds all admins who can sign in until the transaction ends: of two who take each other's role away at the
 * same moment the second finds itself the last.
 */
export async function lockAdmins(tx: Tx): Promise<UserId[]> {
  const { rows } = await sql<{ id: UserId }>`
    SELECT id FROM users WHERE role = 'admin' AND disabled_at IS NULL ORDER BY id FOR UPDATE`.execute(tx);
  return rows.map(({ id }) => id);
}

export async function writeRole(tx: Tx, id: UserId, role: StaffRole): Promise<void> {
  await sql`UPDATE users SET role = ${role} WHERE id = ${id}`.execute(tx);
}

export async function writeDisabled(tx: Tx, id: UserId, at: Date | null): Promise<void> {
  await sql`UPDATE users SET disabled_at = ${at} WHERE id = ${id}`.execute(tx);
}

export async function deleteMfa(tx: Tx, id: UserId): Promise<void> {
  await sql`
    UPDATE users SET totp_secret = NULL, totp_pending_secret = NULL, totp_last_step = NULL,
                     mfa_enrolled_at = NULL
     WHERE id = ${id}`.execute(tx);
}
