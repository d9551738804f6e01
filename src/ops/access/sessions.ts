/** Sessions: how long they last, how one is opened, found and kept alive. */
import type { UserRole } from '../../../contract/access.ts';
import type { SessionStage } from '../../../contract/auth.ts';
import type { UserId } from '../../../contract/ids.ts';
import type { Clock } from '../../platform/lifecycle/clock.ts';
import type { Db } from '../../platform/postgres/db.ts';
import { findSession, insertSession, writeLastSeen } from './session-store.ts';
import { hashToken, looksLikeToken, newToken } from './tokens.ts';
import type { Caller, CurrentSession, OpenedSession } from './types.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** A write a minute per session; so a session may end up to a minute before its idle time is over. */
const LAST_SEEN_EVERY_MS = MINUTE_MS;

const STAFF = { absoluteMs: 12 * HOUR_MS, idleMs: 30 * MINUTE_MS };
const PROVIDER = { absoluteMs: 7 * 24 * HOUR_MS, idleMs: 24 * HOUR_MS };
const IDLE_SIGNING_IN_MS = 10 * MINUTE_MS;

const lastingOf = (role: UserRole): typeof STAFF => (role === 'provider' ? PROVIDER : STAFF);

function idleMs(role: UserRole, stage: SessionStage): number {
  return stage === 'full' ? lastingOf(role).idleMs : IDLE_SIGNING_IN_MS;
}

function validUntil(role: UserRole, stage: SessionStage, nowMs: number, expiresAt: Date): Date {
  return new Date(Math.min(nowMs + idleMs(role, stage), expiresAt.getTime()));
}

export interface SessionToOpen {
  user: { id: UserId; role: UserRole };
  stage: SessionStage;
  caller: Pick<Caller, 'ip' | 'userAgent'>;
  nowMs: number;
  /** The absolute end of the session that this one follows; a change of stage does not move it. */
  expiresAt?: Date;
  /** When the password was given, with the second factor where the user has one. Default: it was not. */
  confirmedAt?: Date | null;
}

const CONFIRMED_FOR_MS = 10 * MINUTE_MS;

/** When a confirmation given at this moment is over. */
export function confirmationEnd(atMs: number): Date {
  return new Date(atMs + CONFIRMED_FOR_MS);
}

/** Until when dangerous actions are let through; null when they are not. */
export function confirmedUntil({ confirmedAt }: CurrentSession, nowMs: number): Date | null {
  if (confirmedAt === null) return null;
  const end = confirmationEnd(confirmedAt.getTime());
  return end.getTime() > nowMs ? end : null;
}

/** Opens a session and returns its token, of which only a hash is stored. */
export async function openSession(db: Db, session: SessionToOpen): Promise<OpenedSession> {
  const { user, stage, nowMs, caller } = session;
  const expiresAt = session.expiresAt ?? new Date(nowMs + lastingOf(user.role).absoluteMs);
  const token = newToken();
  await insertSession(db, {
    tokenHash: hashToken(token),
    userId: user.id,
    stage,
    now: new Date(nowMs),
    expiresAt,
    validUntil: validUntil(user.role, stage, nowMs, expiresAt),
    ip: caller.ip,
    userAgent: caller.userAgent,
    confirmedAt: session.confirmedAt ?? null,
  });
  return { stage, token };
}

/** The session of a token, or null when there is none or it has expired. Counts as activity. */
export async function resumeSession(
  { db, clock }: { db: Db; clock: Clock },
  token: string,
): Promise<CurrentSession | null> {
  if (!looksLikeToken(token)) return null;
  const nowMs = clock.now();
  const session = await findSession(db, hashToken(token), new Date(nowMs));
  if (session === null) return null;
  if (nowMs - session.lastSeenAt.getTime() >= LAST_SEEN_EVERY_MS) {
    const until = validUntil(session.role, session.stage, nowMs, session.expiresAt);
    await writeLastSeen(db, session.tokenHash, new Date(nowMs), until);
  }
  return session;
}
