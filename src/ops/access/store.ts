/** The SQL of users and set-up tokens. */
import { sql, type ColumnType, type Generated } from 'kysely';
import type { UserRole } from '../../../contract/access.ts';
import type { UserId } from '../../../contract/ids.ts';
import type { Db, Tx } from '../../platform/postgres/db.ts';

type Tables = {
  users: {
    id: Generated<UserId>;
    email: string;
    role: UserRole;
    password_hash: string;
    totp_secret: string | null;
    totp_pending_secret: string | null;
    /** BIGINT: the driver reads it as text. */
    totp_last_step: ColumnType<string | null, number | null, number | null>;
    mfa_enrolled_at: Date | null;
    failed_logins: Generated<number>;
    locked_until: Date | null;
    created_at: Generated<Date>;
    last_sign_in_at: Date | null;
    disabled_at: Date | null;
  };
  setup_tokens: {
    token_hash: Buffer;
    created_at: Date;
    expires_at: Date;
    used_at: Date | null;
  };
};

export interface User {
  id: UserId;
  email: string;
  role: UserRole;
  passwordHash: string;
  totpSecret: string | null;
  totpPendingSecret: string | null;
  totpLastStep: number | null;
  failedLogins: number;
  lockedUntil: Date | null;
  disabledAt: Date | null;
}

function users(db: Db) {
  return db
    .withTables<Tables>()
    .selectFrom('users')
    .select([
      'id',
      'email',
      'role',
      'password_hash as passwordHash',
      'totp_secret as totpSecret',
      'totp_pending_secret as totpPendingSecret',
      // A step is the number of half minutes since 1970: far below 2^53.
      sql<number | null>`totp_last_step::float8`.as('totpLastStep'),
      'failed_logins as failedLogins',
      'locked_until as lockedUntil',
      'disabled_at as disabledAt',
    ]);
}

export async function findUserByEmail(db: Db, email: string): Promise<User | null> {
  const found = await users(db).where(sql`lower(email)`, '=', email.toLowerCase()).executeTakeFirst();
  return found ?? null;
}

export async function findUserById(db: Db, id: UserId): Promise<User | null> {
  return (await users(db).where('id', '=', id).executeTakeFirst()) ?? null;
}

/** Reads a user and holds the row until the transaction ends: attempts on one account are judged in turn. */
export async function lockUser(tx: Tx, id: UserId): Promise<User | null> {
  const found = await users(tx).where('id', '=', id).forUpdate().executeTakeFirst();
  return found ?? null;
}

export interface NewUser {
  email: string;
  role: UserRole;
  passwordHash: string;
  /** Already enrolled with this secret, since `enrolledAt`. */
  mfa: { secret: string; enrolledAt: Date } | null;
}

/** The new user's id, or null when somebody has the address. */
export async function insertUser(db: Db, user: NewUser): Promise<UserId | null> {
  const row = await db
    .withTables<Tables>()
    .insertInto('users')
    .values({
      email: user.email,
      role: user.role,
      password_hash: user.passwordHash,
      totp_secret: user.mfa?.secret ?? null,
      mfa_enrolled_at: user.mfa?.enrolledAt ?? null,
    })
    .onConflict((conflict) => conflict.expression(sql`lower(email)`).doNothing())
    .returning('id')
    .executeTakeFirst();
  return row?.id ?? null;
}

export async function writeFailures(
  tx: Tx,
  id: UserId,
  failures: { count: number; lockedUntil: Date | null },
): Promise<void> {
  await tx
    .withTables<Tables>()
    .updateTable('users')
    .set({ failed_logins: failures.count, locked_until: failures.lockedUntil })
    .where('id', '=', id)
    .execute();
}

/** When somebody last signed in as the user, in full. */
export async function writeSignIn(tx: Tx, id: UserId, at: Date): Promise<void> {
  await tx
    .withTables<Tables>()
    .updateTable('users')
    .set({ last_sign_in_at: at })
    .where('id', '=', id)
    .execute();
}

export async function writePassword(tx: Tx, id: UserId, hash: string): Promise<void> {
  await tx
    .withTables<Tables>()
    .updateTable('users')
    .set({ password_hash: hash })
    .where('id', '=', id)
    .execute();
}

/**
 * Keeps a secret for confirmation.
 * @param replace also where the user has MFA already, which stands until the new secret is confirmed
 * @returns false when the user has MFA, and it is not to be replaced
 */
export async function writePendingSecret(
  tx: Tx,
  id: UserId,
  secret: string,
  { replace = false }: { replace?: boolean } = {},
): Promise<boolean> {
  let query = tx
    .withTables<Tables>()
    .updateTable('users')
    .set({ totp_pending_secret: secret })
    .where('id', '=', id);
  if (!replace) query = query.where('totp_secret', 'is', null);
  return (await query.executeTakeFirst()).numUpdatedRows > 0n;
}

/** Marks a time step as used. False when it, or a later one, was used before: that code does not count. */
export async function useStep(tx: Tx, id: UserId, step: number): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .withTables<Tables>()
    .updateTable('users')
    .set({ totp_last_step: step })
    .where('id', '=', id)
    .where((where) =>
      where.or([where('totp_last_step', 'is', null), where('totp_last_step', '<', String(step))]),
    )
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** The pending secret becomes the user's. */
export async function confirmPendingSecret(tx: Tx, id: UserId, enrolledAt: Date): Promise<void> {
  await tx
    .withTables<Tables>()
    .updateTable('users')
    .set((set) => ({
      totp_secret: set.ref('totp_pending_secret'),
      totp_pending_secret: null,
      mfa_enrolled_at: enrolledAt,
    }))
    .where('id', '=', id)
    .execute();
}

export async function adminExists(db: Db): Promise<boolean> {
  const row = await db
    .withTables<Tables>()
    .selectFrom('users')
    .select('id')
    .where('role', '=', 'admin')
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Held until the transaction ends by whoever makes the first admin: there is only one. */
export async function lockFirstAdmin(tx: Tx): Promise<void> {
  await sql`SELECT pg_advisory_xact_lock(hashtext('fmhl:first-admin'))`.execute(tx);
}

export async function insertSetupToken(
  db: Db,
  token: { hash: Buffer; createdAt: Date; expiresAt: Date },
): Promise<void> {
  await db
    .withTables<Tables>()
    .insertInto('setup_tokens')
    .values({ token_hash: token.hash, created_at: token.createdAt, expires_at: token.expiresAt })
    .execute();
}

export async function setupTokenIsValid(db: Db, hash: Buffer, now: Date): Promise<boolean> {
  const row = await db
    .withTables<Tables>()
    .selectFrom('setup_tokens')
    .select('token_hash')
    .where('token_hash', '=', hash)
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst();
  return row !== undefined;
}

/** False when the token is unknown, used or expired. */
export async function useSetupToken(tx: Tx, hash: Buffer, now: Date): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .withTables<Tables>()
    .updateTable('setup_tokens')
    .set({ used_at: now })
    .where('token_hash', '=', hash)
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

export async function deleteSetupTokens(db: Db, now: Date, limit: number): Promise<number> {
  const { numAffectedRows } = await sql`
    DELETE FROM setup_tokens WHERE token_hash IN (
      SELECT token_hash FROM setup_tokens WHERE expires_at <= ${now} LIMIT ${limit} FOR UPDATE SKIP LOCKED
    )`.execute(db);
  return Number(numAffectedRows ?? 0n);
}
