import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type AccessServer,
  createAccessServer,
  useAccessServer,
} from '../../../test/helpers/access-server.ts';
import { codeAt, makeUser, signIn, type TestUser } from '../../../test/helpers/access.ts';
import type { TestDatabase } from '../../../test/helpers/postgres.ts';
import { createPasswords, type Passwords } from './passwords.ts';

const REFUSED = { status: 401, body: { error: 'Invalid credentials' } };

let database: TestDatabase;
let server: AccessServer;
useAccessServer((made) => ({ database, server } = made));

async function login(email: string, password: string) {
  const { status, body } = await server.call('POST', '/api/v1/auth/login', { body: { email, password } });
  return { status, body };
}

async function fail(user: TestUser, times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    assert.deepEqual(await login(user.email, 'a wrong password'), REFUSED);
  }
}

/** Real passwords whose checks all end together, so that what follows them happens at the same moment. */
async function allAtOnce(count: number): Promise<Passwords> {
  const real = await createPasswords();
  let checked = 0;
  let release = (): void => undefined;
  const all = new Promise<void>((resolve) => (release = resolve));
  return {
    hash: real.hash,
    verify: async (hashed, password) => {
      const matches = await real.verify(hashed, password);
      checked += 1;
      if (checked >= count) release();
      await all;
      return matches;
    },
  };
}

describe('the stage after a right password', () => {
  test('is a challenge for an admin with MFA, enrolment for one without', async () => {
    const enrolled = await makeUser(database.db, 'admin');
    const fresh = await makeUser(database.db, 'admin', { mfa: false });
    const challenge = await login(enrolled.email, enrolled.password);
    assert.equal(challenge.status, 200);
    assert.deepEqual(Object.keys(challenge.body), ['stage', 'token']);
    assert.equal(challenge.body.stage, 'challenge');
    assert.equal((await login(fresh.email, fresh.password)).body.stage, 'enrol');
  });

  test('is a full session for a provider without MFA, a challenge for one with', async () => {
    const plain = await makeUser(database.db, 'provider');
    const enrolled = await makeUser(database.db, 'provider', { mfa: true });
    assert.equal((await login(plain.email, plain.password)).body.stage, 'full');
    assert.equal((await login(enrolled.email, enrolled.password)).body.stage, 'challenge');
  });

  test('does not depend on how the address is capitalised', async () => {
    const user = await makeUser(database.db, 'provider');
    assert.equal((await login(user.email.toUpperCase(), user.password)).status, 200);
  });
});

describe('a refused login', () => {
  test('answers the same for an unknown address, a wrong password and a locked account', async () => {
    const user = await makeUser(database.db, 'admin');
    assert.deepEqual(await login('nobody@example.com', user.password), REFUSED);
    await fail(user, 5);
    assert.deepEqual(await login(user.email, user.password), REFUSED);
  });

  test('takes about as long for an unknown address as for a wrong password', async () => {
    const user = await makeUser(database.db, 'provider');
    const fastest = async (email: string): Promise<number> => {
      const times: number[] = [];
      for (let time = 0; time < 4; time += 1) {
        const startedAt = performance.now();
        await login(email, 'a wrong password');
        times.push(performance.now() - startedAt);
      }
      return Math.min(...times);
    };
    // Without the hash of nobody it would be a tenth, at most.
    assert.ok((await fastest('nobody@example.com')) > (await fastest(user.email)) / 3);
  });

  test('names the field of a malformed body', async () => {
    const answer = await server.call('POST', '/api/v1/auth/login', { body: { email: 'ada', password: 'x' } });
    assert.equal(answer.status, 400);
    assert.deepEqual(
      (answer.body.details as { field: string }[]).map(({ field }) => field),
      ['email'],
    );
    const missing = await server.call('POST', '/api/v1/auth/login', { body: { email: 'ada@example.com' } });
    assert.equal((missing.body.details as { field: string }[])[0]?.field, 'password');
    const long = await login('ada@example.com', 'x'.repeat(201));
    assert.equal((long.body.details as { field: string }[])[0]?.field, 'password');
    const extra = { email: 'ada@example.com', password: 'x', remember: true };
    const unknown = await server.call('POST', '/api/v1/auth/login', { body: extra });
    assert.equal((unknown.body.details as { field: string }[])[0]?.field, 'remember');
  });
});

describe('the lock-out', () => {
  test('comes with the fifth failure in a row, lasts a minute, and then ends', async () => {
    const user = await makeUser(database.db, 'provider');
    await fail(user, 4);
    assert.equal((await login(user.email, user.password)).status, 200, 'four failures lock nothing');
    await fail(user, 5);
    assert.deepEqual(await login(user.email, user.password), REFUSED);
    server.clock.advance(59_999);
    assert.deepEqual(await login(user.email, user.password), REFUSED);
    server.clock.advance(1);
    assert.equal((await login(user.email, user.password)).status, 200);
  });

  test('doubles with every further failure; attempts while it lasts do not extend it', async () => {
    const user = await makeUser(database.db, 'provider');
    await fail(user, 5);
    await fail(user, 3);
    server.clock.advance(60_000);
    await fail(user, 1);
    server.clock.advance(119_999);
    assert.deepEqual(await login(user.email, user.password), REFUSED);
    server.clock.advance(1);
    assert.equal((await login(user.email, user.password)).status, 200);
    await fail(user, 4);
    assert.equal((await login(user.email, user.password)).status, 200, 'a success ended the row');
  });

  test('holds for guesses made at the same moment: no more than five are judged', async () => {
    const user = await makeUser(database.db, 'provider');
    const guesses = [...Array.from({ length: 11 }, () => 'a wrong password'), user.password];
    const own = await createAccessServer({ db: database.db, passwords: await allAtOnce(12) });
    try {
      const answers = await Promise.all(
        guesses.map((password) =>
          own.call('POST', '/api/v1/auth/login', { body: { email: user.email, password } }),
        ),
      );
      const judged = own.outcomes.filter((outcome) => outcome !== 'locked').length;
      // The right one among them counts as judged, and begins the row again, when it came before the lock.
      const entered = answers.filter(({ status }) => status === 200).length;
      assert.ok(
        entered === 0 ? judged === 5 : judged >= 6 && judged <= 10,
        `${entered} in, ${judged} judged`,
      );
      const { email, password } = user;
      const next = await own.call('POST', '/api/v1/auth/login', { body: { email, password } });
      assert.equal(next.status, 401, 'locked now');
    } finally {
      await own.close();
    }
  });

  test('leaves sessions that are already open alone', async () => {
    const user = await makeUser(database.db, 'provider');
    const token = await signIn(server.app, user, server.clock);
    await fail(user, 5);
    assert.equal((await server.call('GET', '/api/v1/auth/me', { token })).status, 200);
  });

  test('a right password does not end the row of failures while the code is still due', async () => {
    const user = await makeUser(database.db, 'admin');
    await fail(user, 4);
    const { body } = await login(user.email, user.password);
    const wrong = codeAt(user.totpSecret!, server.clock.now() + 3_600_000);
    const token = String(body.token);
    const answer = await server.call('POST', '/api/v1/auth/mfa/verify', { token, body: { code: wrong } });
    assert.equal(answer.status, 401);
    assert.deepEqual(await login(user.email, user.password), REFUSED);
  });
});

test('every attempt is counted and logged with its reason, and no secret is in the log', async () => {
  const own = await createAccessServer({ db: database.db });
  try {
    const user = await makeUser(database.db, 'admin');
    const password = 'a wrong and secret password';
    const attempt = (email: string, tried: string) =>
      own.call('POST', '/api/v1/auth/login', { body: { email, password: tried } });
    await attempt('nobody@example.com', password);
    for (let time = 0; time < 5; time += 1) await attempt(user.email, password);
    await attempt(user.email, user.password);
    own.clock.advance(60_000);
    const token = await signIn(own.app, user, own.clock);
    await own.call('POST', '/api/v1/auth/logout', { token });

    assert.deepEqual(own.outcomes, [
      ...Array.from({ length: 6 }, () => 'failed'),
      'locked',
      'challenged',
      'succeeded',
    ]);
    const reasons = own.log.find('login_failed').map(({ metadata }) => metadata.reason);
    const wrong = Array.from({ length: 5 }, () => 'wrong_password');
    assert.deepEqual(reasons, ['unknown_user', ...wrong, 'locked']);
    for (const event of ['login_locked', 'login_succeeded', 'mfa_verified', 'logged_out'] as const) {
      assert.deepEqual(
        own.log.find(event).map(({ metadata }) => metadata.user_id),
        [user.id],
        event,
      );
    }
    const text = own.log.text();
    for (const secret of [password, user.password, user.email, user.totpSecret!, token, 'nobody@']) {
      assert.equal(text.includes(secret), false, secret);
    }
  } finally {
    await own.close();
  }
});

test('more tries from one address than the limit are 429 with the time to wait; others go on', async () => {
  const own = await createAccessServer({ db: database.db, tryLimit: undefined });
  try {
    const body = { email: 'nobody@example.com' };
    const attempt = (peer: string) => own.call('POST', '/api/v1/auth/login', { body, peer });
    // A malformed body costs no hashing, and counts all the same.
    for (let time = 0; time < 20; time += 1) assert.equal((await attempt('203.0.113.1')).status, 400);
    const refused = await attempt('203.0.113.1');
    assert.equal(refused.status, 429);
    assert.deepEqual(refused.body, { error: 'Too many requests' });
    const seconds = Number(refused.headers['retry-after']);
    assert.ok(seconds > 0 && seconds <= 60, `${seconds}`);
    assert.equal((await attempt('203.0.113.2')).status, 400);
  } finally {
    await own.close();
  }
});
