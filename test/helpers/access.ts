import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Secret, TOTP } from 'otpauth';
import type { UserRole } from '../../contract/access.ts';
import { sessionResponse, type SessionStage } from '../../contract/auth.ts';
import type { UserId } from '../../contract/ids.ts';
import { createUser } from '../../src/ops/access/create-user.ts';
import { openSession } from '../../src/ops/access/sessions.ts';
import { newTotpSecret } from '../../src/ops/access/totp.ts';
import type { HttpServer } from '../../src/platform/http/types.ts';
import { systemClock, type Clock } from '../../src/platform/lifecycle/clock.ts';
import type { Db } from '../../src/platform/postgres/db.ts';

export interface TestUser {
  id: UserId;
  email: string;
  password: string;
  role: UserRole;
  /** Null for a user without MFA. */
  totpSecret: string | null;
}

const NOBODY = { ip: '127.0.0.1', userAgent: 'test' };

/** A user with an address that no other test has. Staff are enrolled in MFA unless told otherwise. */
export async function makeUser(
  db: Db,
  role: UserRole,
  { mfa = role !== 'provider', clock = systemClock }: { mfa?: boolean; clock?: Clock } = {},
): Promise<TestUser> {
  const email = `${role}-${randomUUID()}@example.com`;
  const password = `pass phrase ${randomUUID()}`;
  const totpSecret = mfa ? newTotpSecret() : null;
  const id = await createUser(
    { db, clock },
    { email, password, role, ...(totpSecret === null ? {} : { totpSecret }) },
  );
  return { id, email, password, role, totpSecret };
}

/** The code that an authenticator app shows at a moment. */
export function codeAt(secret: string, atMs: number): string {
  return new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: atMs });
}

/** A session made without signing in, for tests about something else; returns its token. */
export async function sessionFor(
  db: Db,
  user: Pick<TestUser, 'id' | 'role'>,
  {
    stage = 'full',
    clock = systemClock,
    confirmed = false,
  }: { stage?: SessionStage; clock?: Clock; confirmed?: boolean } = {},
): Promise<string> {
  const nowMs = clock.now();
  const confirmedAt = confirmed ? new Date(nowMs) : null;
  const { token } = await openSession(db, { user, stage, caller: NOBODY, nowMs, confirmedAt });
  return token;
}

/** The token of a full session of a new admin with MFA. */
export async function adminToken(db: Db): Promise<string> {
  return sessionFor(db, await makeUser(db, 'admin'));
}

/**
 * Signs a user in through the API of a server, or of the process at a base URL: password, then a TOTP code
 * where the user has MFA. A code works once, so the same user can do this once in each half minute.
 * @returns the token of the full session
 */
export async function signIn(
  target: HttpServer | string,
  user: Pick<TestUser, 'email' | 'password' | 'totpSecret'>,
  clock: Clock = systemClock,
): Promise<string> {
  const { email, password, totpSecret } = user;
  const first = sessionResponse.parse(await post(target, '/api/v1/auth/login', { email, password }));
  if (totpSecret === null) {
    assert.equal(first.stage, 'full');
    return first.token;
  }
  assert.equal(first.stage, 'challenge');
  const code = codeAt(totpSecret, clock.now());
  const second = sessionResponse.parse(
    await post(target, '/api/v1/auth/mfa/verify', { code }, { authorization: `Bearer ${first.token}` }),
  );
  assert.equal(second.stage, 'full');
  return second.token;
}

async function post(
  target: HttpServer | string,
  path: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<unknown> {
  if (typeof target === 'string') {
    const answer = await fetch(new URL(path, target), {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(10_000),
    });
    assert.equal(answer.status, 200, path);
    return answer.json();
  }
  const answer = await target.inject({ method: 'POST', url: path, headers, payload: body });
  assert.equal(answer.statusCode, 200, `${path}: ${answer.body}`);
  return answer.json();
}
