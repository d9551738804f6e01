import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import {
  assignmentListResponse,
  distributeResponse,
  distributionStatusResponse,
} from '../../../contract/distribution.ts';
import { createMarket, type Market } from '../../../test/factories/distribution.ts';
import { createLead, createProvider } from '../../../test/factories/marketplace.ts';
import { createDistributor } from '../../../test/helpers/distribution.ts';
import { blamed, createMarketplaceApi, type MarketplaceApi } from '../../../test/helpers/marketplace-api.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/postgres.ts';
import { leadDistribution } from './queue.ts';
import { distributionRoutes } from './routes.ts';

const PATH = '/api/v1/admin/leads';
const NOBODYS = '11111111-1111-4111-8111-111111111111';

describe("the admin's view of a distribution", () => {
  let database: TestDatabase;
  let api: MarketplaceApi;
  before(async () => {
    database = await createTestDatabase();
    const { db } = database;
    api = await createMarketplaceApi(db, (app, { clock }) =>
      distributionRoutes(app, { db, clock, distributionQueue: leadDistribution }),
    );
  });
  after(async () => {
    await api.close();
    await database.drop();
  });

  const makeMarket = (): Promise<Market> =>
    createMarket(database.db, {
      levels: [
        { price: 12_50, maxRecipients: 2 },
        { price: 5_00, maxRecipients: 1 },
        { price: 1_00, maxRecipients: 1, active: false },
      ],
      providers: [
        { balance: 20_00, subscriptions: [{ level: 0 }] },
        { balance: 1_00, subscriptions: [{ level: 0 }] },
        { balance: 20_00, subscriptions: [{ level: 1 }] },
      ],
      leads: 1,
      nextStart: 2,
    });

  test('the status tells how far it is, from not started to completed', async () => {
    const market = await makeMarket();
    const [lead] = market.leadIds;
    const status = async () =>
      distributionStatusResponse.parse((await api.call('GET', `${PATH}/${lead}/distribution-status`)).body);
    const fresh = await status();
    assert.deepEqual(
      [fresh.status, fresh.runs, fresh.started_at, fresh.assigned],
      ['not_started', 0, null, 0],
    );

    const { distribute } = createDistributor(database.db, api.clock);
    await distribute(lead!);
    const now = new Date(api.clock.now()).toISOString();
    assert.deepEqual(await status(), {
      lead_id: lead,
      lead_status: 'approved',
      status: 'completed',
      runs: 1,
      start_level_order_position: 2,
      started_at: now,
      completed_at: now,
      assigned: 2,
      skipped_insufficient_balance: 1,
      billing_failures: 0,
      levels: [
        {
          id: market.levelIds[0],
          name: 'Level 1',
          order_position: 1,
          price_per_lead: '12.50',
          max_recipients: 2,
          assigned: 1,
        },
        {
          id: market.levelIds[1],
          name: 'Level 2',
          order_position: 2,
          price_per_lead: '5.00',
          max_recipients: 1,
          assigned: 1,
        },
      ],
    });

    const stopped = AbortSignal.abort(new Error('stopped'));
    await assert.rejects(distribute(lead!, stopped), /stopped/);
    const { status: interrupted, runs, completed_at } = await status();
    assert.deepEqual([interrupted, runs, completed_at], ['in_progress', 2, null]);
  });

  test('the assignments are listed in the order in which they were made, in pages', async () => {
    const market = await makeMarket();
    const [lead] = market.leadIds;
    const list = async (query = '') =>
      assignmentListResponse.parse((await api.call('GET', `${PATH}/${lead}/assignments${query}`)).body);
    assert.deepEqual(await list(), {
      assignments: [],
      pagination: { page: 1, limit: 50, total: 0, total_pages: 0 },
    });
    let ms = api.clock.now();
    await createDistributor(database.db, { now: () => (ms += 1_000) }).distribute(lead!);
    const { assignments } = await list();
    assert.deepEqual(
      assignments.map((one) => [one.provider_id, one.level_name, one.price_charged, one.status]),
      [
        [market.providerIds[2], 'Level 2', '5.00', 'new'],
        [market.providerIds[0], 'Level 1', '12.50', 'new'],
      ],
    );
    const second = await list('?page=2&limit=1');
    assert.deepEqual(second.assignments, [assignments[1]]);
    assert.deepEqual(second.pagination, { page: 2, limit: 1, total: 2, total_pages: 2 });
  });

  test('an approved lead can be distributed again, each time by a job of its own', async () => {
    const { db } = database;
    const { id } = await createLead(db);
    const jobs: string[] = [];
    for (let i = 0; i < 2; i += 1) {
      const { status, body } = await api.call('POST', `${PATH}/${id}/distribute`);
      assert.equal(status, 202);
      jobs.push(distributeResponse.parse(body).job_id);
    }
    const { rows } = await sql<{ job_id: string }>`
      SELECT job_id FROM outbox WHERE queue_name = 'lead_distribution' AND payload->>'lead_id' = ${id}
       ORDER BY id`.execute(db);
    assert.deepEqual(
      rows.map(({ job_id }) => job_id),
      jobs,
    );
    assert.equal(new Set(jobs).size, 2);
    assert.equal(api.log.find('distribution_requested').length, 2);
  });

  for (const status of ['pending_confirmation', 'pending_approval', 'rejected'] as const) {
    test(`a lead that is ${status} is not distributed`, async () => {
      const { id } = await createLead(database.db, { status });
      assert.deepEqual(await api.call('POST', `${PATH}/${id}/distribute`), {
        status: 409,
        body: { error: 'Conflict', details: [{ field: 'status', message: `is ${status}, not approved` }] },
      });
      const { rows } = await sql`SELECT FROM outbox WHERE payload->>'lead_id' = ${id}`.execute(database.db);
      assert.equal(rows.length, 0);
    });
  }

  test('all of it is for admins, about leads that exist', async () => {
    const provider = await api.signInAs(await createProvider(database.db));
    for (const [method, path] of [
      ['POST', 'distribute'],
      ['GET', 'distribution-status'],
      ['GET', 'assignments'],
    ] as const) {
      const url = `${PATH}/${NOBODYS}/${path}`;
      assert.deepEqual(await api.call(method, url), { status: 404, body: { error: 'Not found' } });
      assert.deepEqual(blamed(await api.call(method, `${PATH}/x/${path}`)), ['id']);
      assert.equal((await api.call(method, url, { token: null })).status, 401);
      assert.equal((await api.call(method, url, { token: provider })).status, 403);
    }
    assert.deepEqual(blamed(await api.call('GET', `${PATH}/${NOBODYS}/assignments?limit=0`)), ['limit']);
  });
});
