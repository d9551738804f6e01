import type { UserRole } from '../../../contract/access.ts';
import type { SessionStage } from '../../../contract/auth.ts';
import type { SessionId, UserId } from '../../../contract/ids.ts';
import type { Origin } from '../../platform/http/types.ts';
import type { Clock } from '../../platform/lifecycle/clock.ts';
import type { Logger } from '../../platform/logging/logger.ts';
import type { Db } from '../../platform/postgres/db.ts';
import type { Passwords } from './passwords.ts';

/**
 * How an attempt to sign in ended, for `fmhl_logins_total{outcome}`: `succeeded` is a full session,
 * `challenged` a right password that still needs MFA, `failed` a wrong password or an unknown user,
 * `code_failed` a wrong or used code, `locked` an attempt on an account that is locked out.
 */
export const SIGN_IN_OUTCOMES = ['succeeded', 'challenged', 'failed', 'code_failed', 'locked'] as const;
export type SignInOutcome = (typeof SIGN_IN_OUTCOMES)[number];

/** What the operations of this folder work with. */
export interface AccessDeps {
  db: Db;
  clock: Clock;
  passwords: Passwords;
  onSignIn: (outcome: SignInOutcome) => void;
}

/** Where a request comes from: kept with the session, so that its owner can recognise it. */
export interface Caller extends Origin {
  logger: Logger;
  /** The token of the cookie that a browser has since its user signed in with it (devices.ts). */
  device: string | null;
}

/** What an operation answers that opened a session: the token is shown this once. */
export interface OpenedSession {
  stage: SessionStage;
  token: string;
  /** For a browser to keep, after a full sign-in with one that was not known. */
  newDevice?: string | undefined;
}

/** The session that a request was made with, as the guard found it. */
export interface CurrentSession {
  id: SessionId;
  tokenHash: Buffer;
  userId: UserId;
  email: string;
  role: UserRole;
  stage: SessionStage;
  mfaEnrolled: boolean;
  createdAt: Date;
  lastSeenAt: Date;
  expiresAt: Date;
  /** When the password was last given, with the second factor where the user has one. */
  confirmedAt: Date | null;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the guard beside `actor`; null on routes that anybody may call, and with an API token. */
    accessSession: CurrentSession | null;
  }
}
