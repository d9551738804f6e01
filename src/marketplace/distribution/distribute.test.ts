import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import {
  createMarket,
  NO_VIOLATIONS,
  servedOf,
  violationsOf,
  type MarketSpec,
} from '../../../test/factories/distribution.ts';
import { balancesOf, createLead } from '../../../test/factories/marketplace.ts';
import { createDistributor } from '../../../test/helpers/distribution.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/postgres.ts';
import { leadId } from '../../../contract/ids.ts';
import { groupBy } from '../../platform/collections.ts';

const CREATED = 'fmhl_assignments_created_total';
const SKIPPED = 'fmhl_assignments_skipped_insufficient_balance_total';
const FAILED = 'fmhl_billing_failures_total';
const RICH = 1_000_00;

/** `count` providers with a balance, subscribed to one level. */
const providers = (count: number, balance = RICH, level = 0): MarketSpec['providers'] =>
  Array.from({ length: count }, () => ({ balance, subscriptions: [{ level }] }));

describe('distribution', () => {
  let database: TestDatabase;
  before(async () => {
    database = await createTestDatabase();
  });
  after(() => database.drop());

  test('each lead starts at the next level, goes on by position and wraps round once', async () => {
    const { db } = database;
    const level = { price: 100, maxRecipients: 1 };
    const market = await createMarket(db, {
      levels: [level, level, { ...level, active: false }, level],
      providers: [0, 1, 2, 3].map((index) => ({ balance: RICH, subscriptions: [{ level: index }] })),
      leads: 4,
    });
    const { distribute } = createDistributor(db);
    const starts: (number | null)[] = [];
    for (const id of market.leadIds) starts.push((await distribute(id)).startPosition);
    assert.deepEqual(starts, [1, 2, 4, 1]);
    const levels = groupBy(await servedOf(db, market), ({ lead }) => lead);
    assert.deepEqual(
      [...levels.values()].map((served) => served.map((one) => one.level)),
      [
        [0, 1, 3],
        [1, 3, 0],
        [3, 0, 1],
        [0, 1, 3],
      ],
    );
  });

  test('within a level the least recently served go first, the never served before them, then by id', async () => {
    const { db } = database;
    const market = await createMarket(db, {
      levels: [{ price: 100, maxRecipients: 3 }],
      providers: [30, null, 10, null, 20].map((servedAt) => ({
        balance: RICH,
        subscriptions: [{ level: 0, servedAt }],
      })),
      leads: 3,
    });
    const { distribute } = createDistributor(db);
    for (const id of market.leadIds) await distribute(id);
    assert.deepEqual(
      (await servedOf(db, market)).map(({ provider }) => provider),
      [1, 3, 2, 4, 0, 1, 3, 2, 4],
    );
  });

  test('an assignment is charged, told by email and traced to the request, all or nothing', async () => {
    const { db } = database;
    const market = await createMarket(db, {
      levels: [{ price: 12_50, maxRecipients: 3 }],
      providers: providers(1, 30_00),
      leads: 1,
    });
    const { distribute, metric, log } = createDistributor(db);
    const outcome = await distribute(market.leadIds[0]!);
    assert.deepEqual(outcome, { startPosition: 1, assigned: 1, skipped: 0, failed: 0 });
    assert.deepEqual(await balancesOf(db, market.providerIds[0]!), { balance: '17.50', ledger: '17.50' });
    assert.deepEqual(await violationsOf(db, market), NO_VIOLATIONS);

    const { rows } = await sql<{ job_id: string; payload: Record<string, unknown>; same_request: boolean }>`
      SELECT outbox.job_id, payload, outbox.correlation_id = ledger.correlation_id AS same_request
        FROM outbox JOIN provider_ledger AS ledger ON outbox.job_id = 'new-lead-' || ledger.assignment_id
       WHERE ledger.lead_id = ${market.leadIds[0]}`.execute(db);
    assert.equal(rows.length, 1);
    assert.equal(rows[0]?.same_request, true);
    const { template, lead_id, data } = rows[0].payload;
    assert.deepEqual(
      { template, lead_id, data },
      {
        template: 'provider_new_lead',
        lead_id: market.leadIds[0],
        data: {
          company_name: 'Company',
          niche: 'VPS hosting',
          level: 'Level 1',
          price: '12.50',
          balance: '17.50',
        },
      },
    );
    assert.equal(await metric(CREATED), 1);
    assert.equal(await metric('fmhl_distribution_duration_ms_count'), 1);
    assert.equal(await metric('fmhl_billing_operation_duration_ms_count'), 1);
    assert.equal(await metric(FAILED), 0);
    const { provider_id } = log.find('assignment_created')[0]?.metadata ?? {};
    assert.equal(provider_id, market.providerIds[0]);
    assert.doesNotMatch(log.text(), /Ada|ada@example|493012345678/);
  });

  test('who can not pay is skipped and deactivated, takes no place, and counts once for a lead', async () => {
    const { db } = database;
    const market = await createMarket(db, {
      levels: [
        { price: 10_00, maxRecipients: 2 },
        { price: 20_00, maxRecipients: 2 },
      ],
      providers: [
        { balance: 5_00, subscriptions: [{ level: 0 }, { level: 1 }] },
        { balance: 10_00, subscriptions: [{ level: 0 }, { level: 1 }] },
        { balance: 9_99, subscriptions: [{ level: 0 }] },
        { balance: RICH, subscriptions: [{ level: 0 }] },
        { balance: RICH, subscriptions: [{ level: 0 }] },
      ],
      leads: 1,
    });
    const { distribute, metric } = createDistributor(db);
    const outcome = await distribute(market.leadIds[0]!);
    assert.deepEqual(outcome, { startPosition: 1, assigned: 2, skipped: 2, failed: 0 });
    assert.deepEqual(await servedOf(db, market), [
      { lead: 0, level: 0, provider: 1 },
      { lead: 0, level: 0, provider: 3 },
    ]);
    assert.equal(await metric(SKIPPED), 2);

    const reasons = await sql<{ reason: string | null }>`
      SELECT deactivation_reason AS reason FROM provider_subscriptions AS one
        JOIN competition_levels AS level ON level.id = competition_level_id
       WHERE niche_id = ${market.nicheId} ORDER BY provider_id, order_position`.execute(db);
    const short = 'insufficient_funds';
    assert.deepEqual(
      reasons.rows.map(({ reason }) => reason),
      [short, short, short, short, short, null, null],
    );
    // Were they active again, the same lead would still count them once.
    await sql`UPDATE provider_subscriptions SET is_active = TRUE, deactivation_reason = NULL
               WHERE provider_id = ${market.providerIds[0]}`.execute(db);
    await sql`UPDATE competition_levels SET max_recipients = 9 WHERE niche_id = ${market.nicheId}`.execute(
      db,
    );
    assert.deepEqual(await distribute(market.leadIds[0]!), {
      startPosition: 1,
      assigned: 1,
      skipped: 0,
      failed: 0,
    });
    assert.equal(await metric(SKIPPED), 2);
  });

  test('a niche without levels, subscribers or money is a normal outcome', async () => {
    const { db } = database;
    const { distribute, metric } = createDistributor(db);
    const nothing = { assigned: 0, skipped: 0, failed: 0 };
    const bare = await createMarket(db, { levels: [], providers: [], leads: 1 });
    assert.deepEqual(await distribute(bare.leadIds[0]!), { startPosition: null, ...nothing });

    const level = { price: 100, maxRecipients: 1 };
    const market = await createMarket(db, {
      levels: [level, level],
      providers: [
        { balance: RICH, subscriptions: [{ level: 0, deactivated: 'admin' }] },
        { balance: RICH, active: false, subscriptions: [{ level: 1 }] },
      ],
      leads: 1,
    });
    assert.deepEqual(await distribute(market.leadIds[0]!), { startPosition: 1, ...nothing });
    assert.equal(await metric(CREATED), 0);
    assert.equal(await metric('fmhl_distribution_duration_ms_count'), 2);
  });

  test('a re-run starts at the same level, moves the niche on no further, and doubles nothing', async () => {
    const { db } = database;
    const level = { price: 100, maxRecipients: 2 };
    const market = await createMarket(db, {
      levels: [level, level],
      providers: [...providers(3), ...providers(1, RICH, 1)],
      leads: 2,
    });
    const { distribute, metric } = createDistributor(db);
    assert.equal((await distribute(market.leadIds[0]!)).assigned, 3);
    assert.deepEqual(await distribute(market.leadIds[0]!), {
      startPosition: 1,
      assigned: 0,
      skipped: 0,
      failed: 0,
    });
    assert.equal((await distribute(market.leadIds[1]!)).startPosition, 2);
    assert.equal((await distribute(market.leadIds[0]!)).startPosition, 1);
    assert.deepEqual(await violationsOf(db, market), NO_VIOLATIONS);
    assert.equal(await metric(CREATED), 6);
  });

  test('an attempt that is aborted stops between two providers, and the next one goes on from there', async () => {
    const { db } = database;
    const market = await createMarket(db, {
      levels: [{ price: 100, maxRecipients: 5 }],
      providers: providers(5),
      leads: 1,
    });
    const { deps, distribute } = createDistributor(db);
    const controller = new AbortController();
    const { created } = deps.metrics;
    deps.metrics.created = {
      inc: () => {
        created.inc();
        controller.abort(new Error('stopped'));
      },
    };
    await assert.rejects(distribute(market.leadIds[0]!, controller.signal), /stopped/);
    assert.equal((await servedOf(db, market)).length, 1);
    deps.metrics.created = created;
    assert.equal((await distribute(market.leadIds[0]!)).assigned, 4);
    assert.deepEqual(await violationsOf(db, market), NO_VIOLATIONS);
  });

  test('a lead that is not approved, or not there, is refused for good and leaves no trace', async () => {
    const { db } = database;
    const { distribute } = createDistributor(db);
    const waiting = await createLead(db, { status: 'pending_approval' });
    const refused = { name: 'UnrecoverableError' };
    await assert.rejects(distribute(waiting.id), refused);
    await assert.rejects(distribute(leadId.parse('11111111-1111-4111-8111-111111111111')), refused);
    const { rows } = await sql`SELECT FROM lead_distributions WHERE lead_id = ${waiting.id}`.execute(db);
    assert.equal(rows.length, 0);
  });
});
