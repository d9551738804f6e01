import type { Clock } from '../../platform/lifecycle/clock.ts';
import type { Logger } from '../../platform/logging/logger.ts';
import type { Db } from '../../platform/postgres/db.ts';
import { hashPassword } from './passwords.ts';
import { adminExists, findUserByEmail, insertSetupToken, insertUser } from './store.ts';
import { hashToken, newToken } from './tokens.ts';

const SETUP_TOKEN_MS = 24 * 60 * 60_000;

export interface FirstAdmin {
  email: string;
  password: string;
  /** Base32, as `totpSecret` of contract/auth.ts returns it. */
  totpSecret: string;
}

export interface FirstAdminDeps {
  db: Db;
  logger: Logger;
  clock: Clock;
  /** The admin that automation wants to exist, enrolled in MFA. */
  admin?: FirstAdmin | undefined;
}

/**
 * Sees to it at start that there is a way in. A given admin is made unless a user has its address, whose
 * password and secret are then left as they are. Without any admin a one-time set-up token is made, valid
 * for 24 h; each process that starts may have one of its own. Safe to call from many processes at once.
 * @returns the set-up token, to be shown once and kept out of the log; null when an admin exists
 */
export async function ensureFirstAdmin({ db, logger, clock, admin }: FirstAdminDeps): Promise<string | null> {
  if (admin !== undefined) await makeAdmin({ db, logger, clock }, admin);
  if (await adminExists(db)) return null;
  const token = newToken();
  const nowMs = clock.now();
  const expiresAt = new Date(nowMs + SETUP_TOKEN_MS);
  await insertSetupToken(db, { hash: hashToken(token), createdAt: new Date(nowMs), expiresAt });
  logger.info('setup_token_created', { expires_at: expiresAt });
  return token;
}

async function makeAdmin(
  { db, logger, clock }: Omit<FirstAdminDeps, 'admin'>,
  admin: FirstAdmin,
): Promise<void> {
  // Not hashed for nothing at every later start.
  if ((await findUserByEmail(db, admin.email)) !== null) return;
  const id = await insertUser(db, {
    email: admin.email,
    role: 'admin',
    passwordHash: await hashPassword(admin.password),
    mfa: { secret: admin.totpSecret, enrolledAt: new Date(clock.now()) },
  });
  if (id !== null) logger.info('setup_admin_created', { user_id: id, source: 'configuration' });
}
