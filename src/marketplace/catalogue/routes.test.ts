import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import {
  level as levelSchema,
  levelListResponse,
  niche,
  nicheListResponse,
} from '../../../contract/catalogue.ts';
import { createNiche, createProvider } from '../../../test/factories/marketplace.ts';
import {
  blamed,
  createMarketplaceApi,
  type MarketplaceApi,
  type Reply,
} from '../../../test/helpers/marketplace-api.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/postgres.ts';
import { catalogueRoutes } from './routes.ts';

let database: TestDatabase;
let api: MarketplaceApi;
before(async () => {
  database = await createTestDatabase();
  const { db } = database;
  api = await createMarketplaceApi(db, (app, { clock }) => catalogueRoutes(app, { db, clock }));
});
after(async () => {
  await api.close();
  await database.drop();
});

const NICHES = '/api/v1/admin/niches';
const levelsOf = (id: string): string => `${NICHES}/${id}/levels`;
const post = (url: string, body: unknown): Promise<Reply> => api.call('POST', url, { body });
const GOLD = { name: 'Gold', order_position: 1, price_per_lead: '25.5', max_recipients: 3 };

async function counts(): Promise<unknown> {
  const { rows } = await sql`
    SELECT (SELECT count(*) FROM niches) AS niches, (SELECT count(*) FROM competition_levels) AS levels`.execute(
    database.db,
  );
  return rows[0];
}

describe('niches', () => {
  test('can be made, and are listed by name with how many levels they have', async () => {
    const { status, body } = await post(NICHES, { slug: 'colocation', name: '  Colocation ' });
    assert.equal(status, 201);
    const made = niche.parse(body);
    assert.deepEqual(
      [made.slug, made.name, made.is_active, made.levels],
      ['colocation', 'Colocation', true, 0],
    );
    await post(levelsOf(made.id), GOLD);
    const { niches, pagination } = nicheListResponse.parse((await api.call('GET', NICHES)).body);
    assert.deepEqual(
      niches.map(({ slug, levels }) => [slug, levels]),
      [
        ['colocation', 1],
        ['dedicated-servers', 0],
        ['vps-hosting', 0],
      ],
    );
    assert.deepEqual(pagination, { page: 1, limit: 50, total: 3, total_pages: 1 });
  });

  test('a slug that is taken is 409 and makes nothing', async () => {
    const before = await counts();
    const { status, body } = await post(NICHES, { slug: 'vps-hosting', name: 'Other' });
    assert.equal(status, 409);
    assert.deepEqual(body, { error: 'Conflict' });
    assert.deepEqual(await counts(), before);
  });

  test('bad input is refused by field and makes nothing', async () => {
    const before = await counts();
    const wrong: [unknown, string[]][] = [
      [{}, ['slug', 'name']],
      [{ slug: 'With Space', name: 'x' }, ['slug']],
      [{ slug: '-x', name: 'x' }, ['slug']],
      [{ slug: 'x'.repeat(101), name: 'x' }, ['slug']],
      [{ slug: 'ok', name: ' ' }, ['name']],
      [{ slug: 'ok', name: 'x'.repeat(201) }, ['name']],
      [{ slug: 'ok', name: 'a\u0007' }, ['name']],
      [{ slug: 'ok', name: 'x', active: false }, ['active']],
    ];
    for (const [body, fields] of wrong) assert.deepEqual(blamed(await post(NICHES, body)), fields);
    assert.deepEqual(blamed(await api.call('GET', `${NICHES}?limit=1000`)), ['limit']);
    assert.deepEqual(await counts(), before);
  });
});

describe('competition levels', () => {
  test('can be made, and are listed by position', async () => {
    const { id } = await createNiche(database.db);
    await post(levelsOf(id), { ...GOLD, name: 'Silver', order_position: 2, price_per_lead: '9.99' });
    const { status, body } = await post(levelsOf(id), GOLD);
    assert.equal(status, 201);
    const gold = levelSchema.parse(body);
    assert.deepEqual(
      [
        gold.niche_id,
        gold.name,
        gold.order_position,
        gold.price_per_lead,
        gold.max_recipients,
        gold.is_active,
      ],
      [id, 'Gold', 1, '25.50', 3, true],
    );
    const { levels } = levelListResponse.parse((await api.call('GET', levelsOf(id))).body);
    assert.deepEqual(
      levels.map(({ name, price_per_lead }) => [name, price_per_lead]),
      [
        ['Gold', '25.50'],
        ['Silver', '9.99'],
      ],
    );
  });

  test('a position that is taken is 409, also when two ask for it at once; in another niche it is free', async () => {
    const [one, other] = [await createNiche(database.db), await createNiche(database.db)];
    const answers = await Promise.all([post(levelsOf(one.id), GOLD), post(levelsOf(one.id), GOLD)]);
    assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409]);
    assert.equal((await post(levelsOf(other.id), GOLD)).status, 201);
  });

  test('of an unknown niche are 404', async () => {
    const url = levelsOf(randomUUID());
    assert.equal((await api.call('GET', url)).status, 404);
    assert.equal((await post(url, GOLD)).status, 404);
  });

  test('bad input is refused by field and makes nothing', async () => {
    const { id } = await createNiche(database.db);
    const before = await counts();
    const wrong: [object, string[]][] = [
      [{ name: '' }, ['name']],
      [{ name: 'a\nb' }, ['name']],
      [{ order_position: 0 }, ['order_position']],
      [{ order_position: 1.5 }, ['order_position']],
      [{ order_position: 2 ** 31 }, ['order_position']],
      [{ order_position: '1' }, ['order_position']],
      [{ max_recipients: 0 }, ['max_recipients']],
      [{ max_recipients: 1_001 }, ['max_recipients']],
      [{ price_per_lead: 25.5 }, ['price_per_lead']],
      [{ price_per_lead: '0.00' }, ['price_per_lead']],
      [{ price_per_lead: '-1.00' }, ['price_per_lead']],
      [{ price_per_lead: '1e2' }, ['price_per_lead']],
      [{ price_per_lead: '1.001' }, ['price_per_lead']],
      [{ price_per_lead: '100000000.00' }, ['price_per_lead']],
      [{ is_active: true }, ['is_active']],
    ];
    for (const [change, fields] of wrong) {
      assert.deepEqual(
        blamed(await post(levelsOf(id), { ...GOLD, ...change })),
        fields,
        JSON.stringify(change),
      );
    }
    assert.deepEqual(blamed(await post(levelsOf('1'), GOLD)), ['id']);
    assert.deepEqual(await counts(), before);
  });
});

test('the catalogue is for admins alone', async () => {
  const { id } = await createNiche(database.db);
  const token = await api.signInAs(await createProvider(database.db));
  const before = await counts();
  for (const url of [NICHES, levelsOf(id)]) {
    assert.equal((await api.call('GET', url, { token })).status, 403);
    assert.equal((await api.call('GET', url, { token: null })).status, 401);
  }
  assert.equal((await api.call('POST', NICHES, { token, body: { slug: 'x', name: 'X' } })).status, 403);
  assert.equal((await api.call('POST', levelsOf(id), { token, body: GOLD })).status, 403);
  assert.deepEqual(await counts(), before);
});

describe('a change of a level', () => {
  const make = async (): Promise<{ url: string; nicheId: string }> => {
    const { id: nicheId } = await createNiche(database.db);
    const { id } = levelSchema.parse((await post(levelsOf(nicheId), GOLD)).body);
    return { url: `${levelsOf(nicheId)}/${id}`, nicheId };
  };
  const patch = (url: string, body: unknown): Promise<Reply> => api.call('PATCH', url, { body });

  test('sets what is given and leaves the rest as it is', async () => {
    const { url } = await make();
    const changed = levelSchema.parse((await patch(url, { price_per_lead: '30.00' })).body);
    assert.deepEqual(
      [changed.name, changed.price_per_lead, changed.max_recipients, changed.is_active],
      ['Gold', '30.00', 3, true],
    );
    const off = levelSchema.parse(
      (await patch(url, { is_active: false, max_recipients: 1, name: 'Old gold' })).body,
    );
    assert.deepEqual(
      [off.name, off.price_per_lead, off.max_recipients, off.is_active],
      ['Old gold', '30.00', 1, false],
    );
  });

  test('that is wrong, empty or of no such level is refused and changes nothing', async () => {
    const { url, nicheId } = await make();
    for (const [body, field] of [
      [{ price_per_lead: 30 }, 'price_per_lead'],
      [{ price_per_lead: '0.00' }, 'price_per_lead'],
      [{ max_recipients: 0 }, 'max_recipients'],
      [{ order_position: 2, name: 'x' }, 'order_position'],
      [{}, 'body'],
    ] as const) {
      assert.deepEqual(blamed(await patch(url, body)), [field]);
    }
    const elsewhere = url.replace(nicheId, (await createNiche(database.db)).id);
    assert.equal((await patch(elsewhere, { name: 'x' })).status, 404);
    assert.equal((await patch(`${levelsOf(nicheId)}/${randomUUID()}`, { name: 'x' })).status, 404);
    const { levels } = levelListResponse.parse((await api.call('GET', levelsOf(nicheId))).body);
    assert.deepEqual(
      levels.map(({ name, price_per_lead: price }) => [name, price]),
      [['Gold', '25.50']],
    );
  });
});
