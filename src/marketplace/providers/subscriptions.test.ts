import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import {
  subscription as subscriptionSchema,
  subscriptionListResponse,
  type SubscriptionBody,
} from '../../../contract/providers.ts';
import { createLevel, createProvider, subscribe } from '../../../test/factories/marketplace.ts';
import {
  blamed,
  createMarketplaceApi,
  type MarketplaceApi,
  type Reply,
} from '../../../test/helpers/marketplace-api.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/postgres.ts';
import { providerRoutes } from './routes.ts';

let database: TestDatabase;
let api: MarketplaceApi;
before(async () => {
  database = await createTestDatabase();
  const { db } = database;
  const createUser = (): Promise<null> => Promise.resolve(null);
  api = await createMarketplaceApi(db, (app, { clock }) => providerRoutes(app, { db, clock, createUser }));
});
after(async () => {
  await api.close();
  await database.drop();
});

const pathOf = (provider: { id: string }): string => `/api/v1/admin/providers/${provider.id}/subscriptions`;
const put = (provider: { id: string }, levelId: unknown): Promise<Reply> =>
  api.call('POST', pathOf(provider), { body: { competition_level_id: levelId } });
const remove = (provider: { id: string }, id: string): Promise<Reply> =>
  api.call('DELETE', `${pathOf(provider)}/${id}`);
const list = async (provider: { id: string }): Promise<SubscriptionBody[]> =>
  subscriptionListResponse.parse((await api.call('GET', pathOf(provider))).body).subscriptions;

describe('subscribing a provider', () => {
  test('makes an active subscription when the balance pays a lead, to the cent', async () => {
    const level = await createLevel(database.db, { price: '100.00' });
    const provider = await createProvider(database.db, { balance: '100.00' });
    const { status, body } = await put(provider, level.id);
    assert.equal(status, 201);
    const made = subscriptionSchema.parse(body);
    assert.deepEqual(
      [made.provider_id, made.competition_level_id, made.price_per_lead, made.is_active],
      [provider.id, level.id, '100.00', true],
    );
    assert.deepEqual(
      [made.deactivation_reason, made.deactivated_at, made.last_received_at],
      [null, null, null],
    );
    assert.deepEqual(await list(provider), [made]);
  });

  test('with too little balance makes one that waits for money', async () => {
    const level = await createLevel(database.db, { price: '100.01' });
    const provider = await createProvider(database.db, { balance: '100.00' });
    const { status, body } = await put(provider, level.id);
    assert.equal(status, 201);
    const made = subscriptionSchema.parse(body);
    assert.deepEqual([made.is_active, made.deactivation_reason], [false, 'insufficient_funds']);
    assert.equal(made.deactivated_at, new Date(api.clock.now()).toISOString());
  });

  test('again answers 200 with the one that there is, also many times at once', async () => {
    const level = await createLevel(database.db);
    const provider = await createProvider(database.db);
    const answers = await Promise.all(Array.from({ length: 10 }, () => put(provider, level.id)));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [...Array<number>(9).fill(200), 201]);
    assert.equal((await list(provider)).length, 1);
  });

  test('again resumes one that an admin deactivated, which keeps its place in the order of service', async () => {
    const level = await createLevel(database.db);
    const provider = await createProvider(database.db);
    const lastReceivedAt = new Date('2026-01-01T00:00:00Z');
    const id = await subscribe(database.db, {
      ...{ providerId: provider.id, levelId: level.id, lastReceivedAt, deactivationReason: 'admin' },
    });
    const { status, body } = await put(provider, level.id);
    assert.equal(status, 200);
    const resumed = subscriptionSchema.parse(body);
    assert.deepEqual([resumed.id, resumed.is_active, resumed.deactivated_at], [id, true, null]);
    assert.equal(resumed.last_received_at, lastReceivedAt.toISOString());
  });

  test('an unknown provider is 404, an unknown level is refused by name; neither makes anything', async () => {
    const level = await createLevel(database.db);
    const provider = await createProvider(database.db);
    assert.equal((await put({ id: randomUUID() }, level.id)).status, 404);
    for (const levelId of [randomUUID(), '1', 7, null, undefined]) {
      assert.deepEqual(blamed(await put(provider, levelId)), ['competition_level_id']);
    }
    const extra = { competition_level_id: level.id, is_active: true };
    assert.deepEqual(blamed(await api.call('POST', pathOf(provider), { body: extra })), ['is_active']);
    assert.deepEqual(await list(provider), []);
  });
});

describe('deactivating a subscription', () => {
  test('is by reason admin, and once', async () => {
    const level = await createLevel(database.db);
    const provider = await createProvider(database.db);
    const id = await subscribe(database.db, { providerId: provider.id, levelId: level.id });
    const first = await remove(provider, id);
    assert.equal(first.status, 200);
    const gone = subscriptionSchema.parse(first.body);
    assert.deepEqual([gone.is_active, gone.deactivation_reason], [false, 'admin']);
    api.clock.advance(1_000);
    assert.deepEqual((await remove(provider, id)).body, first.body);
  });

  test('takes one that waits for money out of those that resume by themselves', async () => {
    const level = await createLevel(database.db);
    const provider = await createProvider(database.db);
    const id = await subscribe(database.db, {
      ...{ providerId: provider.id, levelId: level.id, deactivationReason: 'insufficient_funds' },
    });
    assert.equal(subscriptionSchema.parse((await remove(provider, id)).body).deactivation_reason, 'admin');
  });

  test("another provider's subscription is 404 and stays active", async () => {
    const level = await createLevel(database.db);
    const [one, other] = [await createProvider(database.db), await createProvider(database.db)];
    const id = await subscribe(database.db, { providerId: other.id, levelId: level.id });
    assert.equal((await remove(one, id)).status, 404);
    assert.equal((await remove(other, randomUUID())).status, 404);
    assert.equal((await remove({ id: randomUUID() }, id)).status, 404);
    assert.equal((await list(other))[0]?.is_active, true);
  });

  test('ids that are none are refused by name', async () => {
    assert.deepEqual(blamed(await remove({ id: '1' }, '2')), ['id', 'subscriptionId']);
  });
});

describe('the list of subscriptions', () => {
  test("has the provider's own alone, with niche, level and price", async () => {
    const level = await createLevel(database.db, { price: '12.50', name: 'Gold' });
    const [one, other] = [await createProvider(database.db), await createProvider(database.db)];
    await subscribe(database.db, { providerId: one.id, levelId: level.id });
    await subscribe(database.db, { providerId: other.id, levelId: level.id });
    const { rows } = await sql<{ slug: string }>`SELECT slug FROM niches WHERE id = ${level.nicheId}`.execute(
      database.db,
    );
    assert.deepEqual(
      (await list(one)).map(({ provider_id, level_name, niche, price_per_lead }) => [
        ...[provider_id, level_name, niche, price_per_lead],
      ]),
      [[one.id, 'Gold', rows[0]?.slug, '12.50']],
    );
  });

  test('of nobody is 404; what can not be read is refused by name', async () => {
    assert.equal((await api.call('GET', pathOf({ id: randomUUID() }))).status, 404);
    assert.deepEqual(blamed(await api.call('GET', pathOf({ id: 'x' }))), ['id']);
    const provider = await createProvider(database.db);
    assert.deepEqual(blamed(await api.call('GET', `${pathOf(provider)}?limit=0`)), ['limit']);
  });
});
