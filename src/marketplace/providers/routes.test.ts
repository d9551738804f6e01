import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { provider as providerSchema, providerListResponse } from '../../../contract/providers.ts';
import { createLevel, createProvider, subscribe } from '../../../test/factories/marketplace.ts';
import { signIn } from '../../../test/helpers/access.ts';
import { createAccessServer } from '../../../test/helpers/access-server.ts';
import {
  blamed,
  createMarketplaceApi,
  type MarketplaceApi,
  type Reply,
} from '../../../test/helpers/marketplace-api.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/postgres.ts';
import { createUser, EmailTakenError } from '../../ops/access/create-user.ts';
import type { CreateProviderUser } from './create.ts';
import { providerRoutes } from './routes.ts';

let database: TestDatabase;
let api: MarketplaceApi;
before(async () => {
  database = await createTestDatabase();
  const { db } = database;
  api = await createMarketplaceApi(db, (app, { clock }) => {
    const makeUser: CreateProviderUser = async (tx, user) => {
      try {
        return await createUser({ db: tx, clock }, { ...user, role: 'provider' });
      } catch (error) {
        if (error instanceof EmailTakenError) return null;
        throw error;
      }
    };
    providerRoutes(app, { db, clock, createUser: makeUser });
  });
});
after(async () => {
  await api.close();
  await database.drop();
});

const PATH = '/api/v1/admin/providers';
const newProvider = (): { company_name: string; email: string; password: string } => ({
  company_name: 'Hosting & Söhne GmbH',
  email: `${randomUUID()}@example.com`,
  password: 'correct horse battery',
});
const create = (body: unknown): Promise<Reply> => api.call('POST', PATH, { body });

async function counts(): Promise<unknown> {
  const { rows } = await sql`
    SELECT (SELECT count(*) FROM users) AS users, (SELECT count(*) FROM providers) AS providers`.execute(
    database.db,
  );
  return rows[0];
}

describe('making a provider', () => {
  test('makes it with an empty balance, and a user who can sign in for it', async () => {
    const request = newProvider();
    const { status, body } = await create(request);
    assert.equal(status, 201);
    const made = providerSchema.parse(body);
    assert.equal(made.company_name, request.company_name);
    assert.equal(made.email, request.email);
    assert.equal(made.balance, '0.00');
    assert.equal(made.is_active, true);
    assert.equal(made.active_subscriptions, 0);
    assert.equal(made.created_at, new Date(api.clock.now()).toISOString());

    const access = await createAccessServer({ db: database.db });
    try {
      const token = await signIn(access.app, { ...request, totpSecret: null }, access.clock);
      const me = await access.call('GET', '/api/v1/auth/me', { token });
      assert.equal(me.body.role, 'provider');
      assert.equal(me.body.id, made.user_id);
    } finally {
      await access.close();
    }
    assert.doesNotMatch(api.log.text() + JSON.stringify(body), /correct horse/);
  });

  test('a provider that was never above its threshold is not warned of a crossing', async () => {
    const { id } = providerSchema.parse((await create(newProvider())).body);
    const { rows } =
      await sql`SELECT 1 FROM providers WHERE id = ${id} AND low_balance_alerted_at IS NULL`.execute(
        database.db,
      );
    assert.equal(rows.length, 0);
  });

  test('an address that somebody has, however it is written, is 409 and makes nothing', async () => {
    const first = newProvider();
    await create(first);
    const before = await counts();
    for (const email of [first.email, first.email.toUpperCase()]) {
      const { status, body } = await create({ ...newProvider(), email });
      assert.equal(status, 409);
      assert.deepEqual(body, { error: 'Conflict' });
    }
    assert.deepEqual(await counts(), before);
  });

  test('of several at once with one address, one is made', async () => {
    const { email } = newProvider();
    const answers = await Promise.all(Array.from({ length: 5 }, () => create({ ...newProvider(), email })));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409, 409, 409, 409]);
  });

  test('bad input is refused by field and makes nothing', async () => {
    const before = await counts();
    const wrong: [unknown, string[]][] = [
      [{}, ['company_name', 'email', 'password']],
      [{ ...newProvider(), company_name: '  ' }, ['company_name']],
      [{ ...newProvider(), company_name: 'x'.repeat(201) }, ['company_name']],
      [{ ...newProvider(), company_name: 'A\nBcc: b@example.com' }, ['company_name']],
      [{ ...newProvider(), company_name: 'A\0' }, ['company_name']],
      [{ ...newProvider(), email: 'nobody' }, ['email']],
      [{ ...newProvider(), email: `${'x'.repeat(250)}@example.com` }, ['email']],
      [{ ...newProvider(), password: 'short' }, ['password']],
      [{ ...newProvider(), password: 'x'.repeat(201) }, ['password']],
      [{ ...newProvider(), balance: '100.00' }, ['balance']],
      [{ ...newProvider(), role: 'admin' }, ['role']],
      [undefined, ['body']],
    ];
    for (const [body, fields] of wrong) {
      assert.deepEqual(blamed(await create(body)), fields, JSON.stringify(fields));
    }
    assert.deepEqual(await counts(), before);
  });
});

describe('the list of providers', () => {
  test('has balances and active subscriptions, and is paged without gaps or doubles', async () => {
    const level = await createLevel(database.db);
    const one = await createProvider(database.db, { balance: '12.50' });
    await subscribe(database.db, { providerId: one.id, levelId: level.id });
    const other = await createLevel(database.db);
    await subscribe(database.db, { providerId: one.id, levelId: other.id, deactivationReason: 'admin' });

    const seen: string[] = [];
    let pages = 1;
    for (let page = 1; page <= pages; page += 1) {
      const { body } = await api.call('GET', `${PATH}?page=${page}&limit=2`);
      const { providers, pagination } = providerListResponse.parse(body);
      pages = pagination.total_pages;
      seen.push(...providers.map(({ id }) => id));
      const found = providers.find(({ id }) => id === one.id);
      if (found !== undefined) {
        assert.deepEqual([found.balance, found.active_subscriptions], ['12.50', 1]);
      }
    }
    assert.equal(new Set(seen).size, seen.length);
    assert.ok(seen.includes(one.id));
    const { rows } = await sql<{ n: number }>`SELECT count(*)::int AS n FROM providers`.execute(database.db);
    assert.equal(seen.length, rows[0]?.n);
  });

  test('shows one provider; of nobody is 404', async () => {
    const { id, userId, email } = await createProvider(database.db, { lowBalanceThreshold: '7.00' });
    const { status, body } = await api.call('GET', `${PATH}/${id}`);
    assert.equal(status, 200);
    const shown = providerSchema.parse(body);
    assert.deepEqual(
      [shown.id, shown.user_id, shown.email, shown.balance, shown.low_balance_threshold],
      [id, userId, email, '100.00', '7.00'],
    );
    assert.equal((await api.call('GET', `${PATH}/${randomUUID()}`)).status, 404);
  });

  test('what can not be read is refused by name', async () => {
    assert.deepEqual(blamed(await api.call('GET', `${PATH}?limit=201`)), ['limit']);
    assert.deepEqual(blamed(await api.call('GET', `${PATH}?page=0&sort=name`)), ['page', 'sort']);
    assert.deepEqual(blamed(await api.call('GET', `${PATH}/1`)), ['id']);
  });

  test('is for admins alone', async () => {
    const provider = await createProvider(database.db);
    const token = await api.signInAs(provider);
    const before = await counts();
    for (const url of [PATH, `${PATH}/${provider.id}`, `${PATH}/${provider.id}/subscriptions`]) {
      assert.equal((await api.call('GET', url, { token })).status, 403);
      assert.equal((await api.call('GET', url, { token: null })).status, 401);
    }
    assert.equal((await api.call('POST', PATH, { token, body: newProvider() })).status, 403);
    assert.deepEqual(await counts(), before);
  });
});
