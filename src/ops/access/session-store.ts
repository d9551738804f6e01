/** The SQL of sessions. */
import { sql, type Generated } from 'kysely';
import type { UserRole } from '../../../contract/access.ts';
import type { SessionStage } from '../../../contract/auth.ts';
import type { SessionId, UserId } from '../../../contract/ids.ts';
import type { Db, Tx } from '../../platform/postgres/db.ts';
import type { CurrentSession } from './types.ts';

type Tables = {
  sessions: {
    id: Generated<SessionId>;
    token_hash: Buffer;
    user_id: UserId;
    stage: SessionStage;
    bad_codes: Generated<number>;
    created_at: Date;
    last_seen_at: Date;
    expires_at: Date;
    valid_until: Date;
    ip: string;
    user_agent: string | null;
    confirmed_at: Date | null;
  };
  users: {
    id: UserId;
    email: string;
    role: UserRole;
    mfa_enrolled_at: Date | null;
    disabled_at: Date | null;
  };
};

export interface NewSession {
  tokenHash: Buffer;
  userId: UserId;
  stage: SessionStage;
  now: Date;
  expiresAt: Date;
  validUntil: Date;
  ip: string;
  userAgent: string | null;
  confirmedAt: Date | null;
}

export async function insertSession(db: Db, session: NewSession): Promise<void> {
  await db
    .withTables<Tables>()
    .insertInto('sessions')
    .values({
      token_hash: session.tokenHash,
      user_id: session.userId,
      stage: session.stage,
      created_at: session.now,
      last_seen_at: session.now,
      expires_at: session.expiresAt,
      valid_until: session.validUntil,
      ip: session.ip.slice(0, 64),
      user_agent: session.userAgent?.slice(0, 256) ?? null,
      confirmed_at: session.confirmedAt,
    })
    .execute();
}

/** The session of a token and its user, as long as neither idle nor absolute expiry has come. */
export async function findSession(db: Db, tokenHash: Buffer, now: Date): Promise<CurrentSession | null> {
  const row = await db
    .withTables<Tables>()
    .selectFrom('sessions')
    .innerJoin('users', 'users.id', 'sessions.user_id')
    .select([
      'sessions.id',
      'sessions.token_hash as tokenHash',
      'users.id as userId',
      'users.email',
      'users.role',
      'sessions.stage',
      'users.mfa_enrolled_at as mfaEnrolledAt',
      'sessions.created_at as createdAt',
      'sessions.last_seen_at as lastSeenAt',
      'sessions.expires_at as expiresAt',
      'sessions.confirmed_at as confirmedAt',
    ])
    .where('sessions.token_hash', '=', tokenHash)
    .where('sessions.valid_until', '>', now)
    .where('users.disabled_at', 'is', null)
    .executeTakeFirst();
  if (row === undefined) return null;
  const { mfaEnrolledAt, ...session } = row;
  return { ...session, mfaEnrolled: mfaEnrolledAt !== null };
}

export async function writeLastSeen(db: Db, tokenHash: Buffer, now: Date, validUntil: Date): Promise<void> {
  await db
    .withTables<Tables>()
    .updateTable('sessions')
    .set({ last_seen_at: now, valid_until: validUntil })
    .where('token_hash', '=', tokenHash)
    .execute();
}

/** Whether the session still stands at this stage. Call it with the user locked: stages change under that lock. */
export async function sessionStands(tx: Tx, tokenHash: Buffer, stage: SessionStage): Promise<boolean> {
  const row = await tx
    .withTables<Tables>()
    .selectFrom('sessions')
    .select('user_id')
    .where('token_hash', '=', tokenHash)
    .where('stage', '=', stage)
    .executeTakeFirst();
  return row !== undefined;
}

/** Counts a wrong code. Returns how many the session has had. */
export async function countBadCode(tx: Tx, tokenHash: Buffer): Promise<number> {
  const row = await tx
    .withTables<Tables>()
    .updateTable('sessions')
    .set((set) => ({ bad_codes: set('bad_codes', '+', 1) }))
    .where('token_hash', '=', tokenHash)
    .returning('bad_codes')
    .executeTakeFirst();
  return row?.bad_codes ?? 0;
}

/** False when it was gone already. */
export async function deleteSession(db: Db, tokenHash: Buffer): Promise<boolean> {
  const { numDeletedRows } = await db
    .withTables<Tables>()
    .deleteFrom('sessions')
    .where('token_hash', '=', tokenHash)
    .executeTakeFirst();
  return numDeletedRows > 0n;
}

/** @returns how many there were */
export async function deleteSessionsOfUser(
  tx: Tx,
  userId: UserId,
  { except }: { except?: SessionId } = {},
): Promise<number> {
  let query = tx.withTables<Tables>().deleteFrom('sessions').where('user_id', '=', userId);
  if (except !== undefined) query = query.where('id', '!=', except);
  return Number((await query.executeTakeFirst()).numDeletedRows);
}

/** Ends one session of a user. False when the user has none of this id. */
export async function deleteSessionById(tx: Tx, userId: UserId, id: SessionId): Promise<boolean> {
  const { numDeletedRows } = await tx
    .withTables<Tables>()
    .deleteFrom('sessions')
    .where('user_id', '=', userId)
    .where('id', '=', id)
    .executeTakeFirst();
  return numDeletedRows > 0n;
}

export async function writeConfirmed(tx: Tx, id: SessionId, at: Date): Promise<void> {
  await tx
    .withTables<Tables>()
    .updateTable('sessions')
    .set({ confirmed_at: at })
    .where('id', '=', id)
    .execute();
}

/** The sessions of a user that have not expired, the last used first. */
export function listSessions(db: Db, userId: UserId, now: Date, limit: number) {
  return db
    .withTables<Tables>()
    .selectFrom('sessions')
    .select(['id', 'stage', 'created_at', 'last_seen_at', 'expires_at', 'ip', 'user_agent'])
    .where('user_id', '=', userId)
    .where('valid_until', '>', now)
    .orderBy('last_seen_at', 'desc')
    .orderBy('id')
    .limit(limit)
    .execute();
}

export async function deleteExpiredSessions(db: Db, now: Date, limit: number): Promise<number> {
  const { numAffectedRows } = await sql`
    DELETE FROM sessions WHERE token_hash IN (
      SELECT token_hash FROM sessions WHERE valid_until <= ${now}
      ORDER BY valid_until LIMIT ${limit} FOR UPDATE SKIP LOCKED
    )`.execute(db);
  return Number(numAffectedRows ?? 0n);
}
