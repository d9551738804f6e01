import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, test } from 'node:test';
import { sql } from 'kysely';
import { AUDIT_ACTIONS, auditResponse } from '../../../contract/audit.ts';
import { userId } from '../../../contract/ids.ts';
import { makeUser } from '../../../test/helpers/access.ts';
import { anActor } from '../../../test/helpers/audit.ts';
import { blamed, createMarketplaceApi, type MarketplaceApi } from '../../../test/helpers/marketplace-api.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/postgres.ts';
import type { Actor } from '../../platform/http/types.ts';
import { toCursor } from './cursor.ts';
import { record, recordMany, type EntryToRecord } from './record.ts';
import { auditRoutes } from './routes.ts';

const PATH = '/api/v1/admin/audit';

let database: TestDatabase;
let api: MarketplaceApi;
/** Entries of a test, which no other test has: all of one actor. */
let actor: Actor;
before(async () => {
  database = await createTestDatabase();
  api = await createMarketplaceApi(database.db, (app) => auditRoutes(app, { db: database.db }));
});
beforeEach(() => {
  actor = anActor();
});
after(async () => {
  await api.close();
  await database.drop();
});

const write = (entry: Partial<EntryToRecord> = {}, by: Partial<Actor> = {}): Promise<void> =>
  database.db
    .transaction()
    .execute((tx) =>
      record(
        tx,
        { ...actor, ...by },
        { action: 'lead.approve', target: { type: 'lead', id: randomUUID() }, ...entry },
      ),
    );

async function writeMany(howMany: number): Promise<string[]> {
  const ids = Array.from({ length: howMany }, () => randomUUID());
  const entries = ids.map((id) => ({ action: 'lead.reject', target: { type: 'lead', id } }) as const);
  await database.db.transaction().execute((tx) => recordMany(tx, actor, entries));
  return ids;
}

async function read(query: Record<string, string> = {}) {
  const { status, body } = await api.call('GET', `${PATH}?${new URLSearchParams(query).toString()}`);
  assert.equal(status, 200, JSON.stringify(body));
  return auditResponse.parse(body);
}

const targets = async (query: Record<string, string>): Promise<string[]> =>
  (await read(query)).entries.map(({ target_id }) => target_id);

describe('the list', () => {
  test('shows all of an entry', async () => {
    const id = randomUUID();
    await write({
      action: 'balance.adjust',
      target: { type: 'provider', id },
      reason: 'invoice 17',
      changes: { balance: { before: '1.00', after: '2.50' } },
    });
    const { entries, next_cursor } = await read({ target_id: id });
    assert.equal(next_cursor, null);
    assert.equal(entries.length, 1);
    const { id: number, at, ...entry } = entries[0]!;
    assert.match(number, /^\d+$/);
    assert.ok(Math.abs(Date.parse(at) - Date.now()) < 60_000);
    assert.deepEqual(entry, {
      actor_id: actor.userId,
      actor_email: null,
      actor_role: 'admin',
      token_id: null,
      action: 'balance.adjust',
      target_type: 'provider',
      target_id: id,
      reason: 'invoice 17',
      changes: { balance: { before: '1.00', after: '2.50' } },
      ip: actor.ip,
      user_agent: actor.userAgent,
      correlation_id: actor.correlationId,
    });
  });

  test('names the actor by the address of today, and goes on when there is no such user', async () => {
    const user = await makeUser(database.db, 'viewer');
    await write({}, { userId: user.id });
    const emailsOf = async (id: string): Promise<(string | null)[]> =>
      (await read({ actor_id: id })).entries.map(({ actor_email }) => actor_email);
    assert.deepEqual(await emailsOf(user.id), [user.email]);
    await write();
    assert.deepEqual(await emailsOf(actor.userId), [null]);
  });

  test('shows entries of actions, targets and roles that the product has given up since', async () => {
    await sql`
      INSERT INTO audit_log (actor_id, actor_role, action, target_type, target_id, ip, correlation_id)
      VALUES (${actor.userId}, 'auditor', 'fax.send', 'fax', '1', 'unknown', ${actor.correlationId})`.execute(
      database.db,
    );
    const { entries } = await read({ actor_id: actor.userId });
    assert.deepEqual(
      entries.map(({ action, actor_role }) => [action, actor_role]),
      [['fax.send', 'auditor']],
    );
  });

  test('is empty where nothing fits', async () => {
    assert.deepEqual(await read({ target_id: randomUUID() }), { entries: [], next_cursor: null });
  });

  test('has 50 entries a page unless asked otherwise, and at most 200', async () => {
    await writeMany(250);
    const of = async (query: Record<string, string>) =>
      (await read({ actor_id: actor.userId, ...query })).entries.length;
    assert.deepEqual([await of({}), await of({ limit: '1' }), await of({ limit: '200' })], [50, 1, 200]);
  });
});

describe('a filter', () => {
  test('by actor, action, target and request finds those entries alone, newest first', async () => {
    const id = randomUUID();
    const other = anActor();
    await write({ target: { type: 'lead', id } });
    await write({ target: { type: 'lead', id } }, other);
    await write({ action: 'lead.distribute', target: { type: 'lead', id } });
    await write({ action: 'niche.create', target: { type: 'niche', id } });
    const found = async (query: Record<string, string>): Promise<string[]> =>
      (await read({ target_id: id, ...query })).entries.map(({ action }) => action);
    assert.deepEqual(await found({}), ['niche.create', 'lead.distribute', 'lead.approve', 'lead.approve']);
    assert.deepEqual(await found({ actor_id: other.userId }), ['lead.approve']);
    assert.deepEqual(await found({ action: 'lead.approve' }), ['lead.approve', 'lead.approve']);
    assert.deepEqual(await found({ target_type: 'niche' }), ['niche.create']);
    assert.deepEqual(await found({ correlation_id: other.correlationId }), ['lead.approve']);
    assert.deepEqual(await found({ action: 'lead.approve', actor_id: actor.userId }), ['lead.approve']);
    assert.deepEqual(await found({ action: 'lead.approve', target_type: 'niche' }), []);
  });

  test('by time takes the start in and leaves the end out; a day ends with its last moment', async () => {
    const at = (moment: string) =>
      sql`
      INSERT INTO audit_log (at, actor_id, actor_role, action, target_type, target_id, ip, correlation_id)
      VALUES (${moment}, ${actor.userId}, 'admin', 'lead.approve', 'lead', ${moment}, '::1',
              ${actor.correlationId})`.execute(database.db);
    const moments = ['2026-01-02T00:00:00Z', '2026-01-02T23:59:59.999Z', '2026-01-03T00:00:00Z'];
    for (const moment of moments) await at(moment);
    const [first, last, next] = moments as [string, string, string];
    const found = (query: Record<string, string>) => targets({ actor_id: actor.userId, ...query });
    assert.deepEqual(await found({ from: '2026-01-02', to: '2026-01-02' }), [last, first]);
    assert.deepEqual(await found({ from: last }), [next, last]);
    assert.deepEqual(await found({ to: last }), [first]);
    assert.deepEqual(await found({ from: '2026-01-03T01:00:00+01:00' }), [next]);
  });

  test('knows every action', async () => {
    for (const action of AUDIT_ACTIONS) await read({ action, limit: '1' });
  });
});

describe('pages', () => {
  test('neither repeat nor leave out an entry, while new ones are written', async () => {
    const ids = await writeMany(23);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page = await read({
        actor_id: actor.userId,
        limit: '5',
        ...(cursor === null ? {} : { cursor }),
      });
      seen.push(...page.entries.map(({ target_id }) => target_id));
      cursor = page.next_cursor;
      await write();
    } while (cursor !== null);
    assert.deepEqual(seen, ids.reverse());
  });

  test('end with a full page when there is no more', async () => {
    await writeMany(10);
    const first = await read({ actor_id: actor.userId, limit: '5' });
    assert.ok(first.next_cursor !== null);
    const second = await read({ actor_id: actor.userId, limit: '5', cursor: first.next_cursor });
    assert.deepEqual([second.entries.length, second.next_cursor], [5, null]);
  });
});

describe('a request that makes no sense is blamed on its field:', () => {
  const wrong: [string, string][] = [
    ['limit', 'limit=0'],
    ['limit', 'limit=201'],
    ['limit', 'limit=ten'],
    ['limit', 'limit=5&limit=6'],
    ['cursor', 'cursor='],
    ['cursor', 'cursor=nonsense'],
    ['cursor', 'cursor=%00'],
    ['cursor', `cursor=${toCursor('0')}`],
    ['cursor', `cursor=${toCursor('-1')}`],
    ['cursor', `cursor=${toCursor('01')}`],
    ['cursor', `cursor=${toCursor('9223372036854775808')}`],
    ['cursor', `cursor=${toCursor('17')}=`],
    ['cursor', `cursor=${toCursor("1' OR '1")}`],
    ['cursor', `cursor=${'x'.repeat(101)}`],
    ['actor_id', 'actor_id=ada'],
    ['action', 'action=lead'],
    ['action', 'action=lead.approve&action=lead.reject'],
    ['target_type', 'target_type=table'],
    ['target_id', 'target_id='],
    ['target_id', 'target_id=%00'],
    ['target_id', `target_id=${'x'.repeat(201)}`],
    ['correlation_id', 'correlation_id=1'],
    ['from', 'from=yesterday'],
    ['to', 'to=2026-13-01'],
    ['to', 'from=2026-01-03&to=2026-01-01'],
    ['page', 'page=2'],
  ];
  for (const [field, query] of wrong) {
    test(`${field} in ${query.slice(0, 60)}`, async () => {
      assert.deepEqual(blamed(await api.call('GET', `${PATH}?${query}`)), [field]);
    });
  }

  test('the greatest number that is a cursor is one', async () => {
    await read({ cursor: toCursor('9223372036854775807'), limit: '1' });
  });
});

test('only admins read it', async () => {
  const { status } = await api.call('GET', PATH, { token: null });
  assert.equal(status, 401);
  const { rows } = await sql<{ id: string }>`
    INSERT INTO users (email, role, password_hash) VALUES ('p@example.com', 'provider', 'x')
    RETURNING id`.execute(database.db);
  const token = await api.signInAs({ userId: userId.parse(rows[0]?.id) });
  assert.equal((await api.call('GET', PATH, { token })).status, 403);
});
