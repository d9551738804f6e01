import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { permissionsOf } from '../../../contract/access.ts';
import { type SessionBody, sessionListResponse } from '../../../contract/auth.ts';
import { type AccessServer, useAccessServer } from '../../../test/helpers/access-server.ts';
import { makeUser, sessionFor, signIn } from '../../../test/helpers/access.ts';
import type { TestDatabase } from '../../../test/helpers/postgres.ts';

let database: TestDatabase;
let server: AccessServer;
useAccessServer((made) => ({ database, server } = made));

async function list(token: string): Promise<SessionBody[]> {
  const { body } = await server.call('GET', '/api/v1/auth/sessions', { token });
  return sessionListResponse.parse(body).sessions;
}
const end = (token: string, id: string) => server.call('DELETE', `/api/v1/auth/sessions/${id}`, { token });
const status = async (token: string) => (await server.call('GET', '/api/v1/auth/me', { token })).status;

test('lists one’s own sessions that stand, the last used first, without a token in it', async () => {
  const { db } = database;
  const { clock } = server;
  const user = await makeUser(db, 'admin');
  await sessionFor(db, await makeUser(db, 'admin'), { clock });
  const idle = await sessionFor(db, user, { clock });
  clock.advance(20 * 60_000);
  const other = await sessionFor(db, user, { clock });
  clock.advance(15 * 60_000);
  const mine = await signIn(server.app, user, clock);
  const sessions = await list(mine);
  assert.deepEqual(
    sessions.map(({ stage, current, ip }) => ({ stage, current, ip })),
    [
      { stage: 'full', current: true, ip: '127.0.0.1' },
      { stage: 'full', current: false, ip: '127.0.0.1' },
    ],
    'the one that was idle for 35 minutes has ended',
  );
  assert.equal(sessions[1]!.user_agent, 'test');
  for (const token of [idle, other, mine]) assert.equal(JSON.stringify(sessions).includes(token), false);
});

test('ends one of one’s own by its id, and nobody else’s', async () => {
  const { db } = database;
  const { clock } = server;
  const user = await makeUser(db, 'provider');
  const [mine, other] = [await sessionFor(db, user, { clock }), await sessionFor(db, user, { clock })];
  const stranger = await sessionFor(db, await makeUser(db, 'provider'), { clock });
  const id = (await list(mine)).find(({ current }) => !current)!.id;
  assert.equal((await end(stranger, id)).status, 404);
  assert.equal((await end(mine, randomUUID())).status, 404);
  assert.equal(await status(other), 200);
  assert.deepEqual((await end(mine, id)).body, { ok: true });
  assert.equal(await status(other), 401);
  assert.equal((await end(mine, id)).status, 404);
});

test('ends all others at once', async () => {
  const { db } = database;
  const { clock } = server;
  const user = await makeUser(db, 'viewer');
  const tokens = await Promise.all(Array.from({ length: 3 }, () => sessionFor(db, user, { clock })));
  const stranger = await sessionFor(db, await makeUser(db, 'viewer'), { clock });
  const { body } = await server.call('DELETE', '/api/v1/auth/sessions', { token: tokens[0]! });
  assert.deepEqual(body, { ok: true, ended: 2 });
  assert.deepEqual(await Promise.all([...tokens, stranger].map(status)), [200, 401, 401, 200]);
});

test('who is signed in is told the permissions of the role, and none before the session is full', async () => {
  const { db } = database;
  const permissions = async (token: string) =>
    (await server.call('GET', '/api/v1/auth/me', { token })).body.permissions;
  for (const role of ['viewer', 'operator', 'admin', 'provider'] as const) {
    const user = await makeUser(db, role, { mfa: true });
    const { clock } = server;
    assert.deepEqual(await permissions(await sessionFor(db, user, { clock })), permissionsOf(role));
    assert.deepEqual(await permissions(await sessionFor(db, user, { clock, stage: 'challenge' })), []);
  }
});
