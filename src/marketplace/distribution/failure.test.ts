import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import {
  createMarket,
  NO_VIOLATIONS,
  servedOf,
  violationsOf,
  type Market,
} from '../../../test/factories/distribution.ts';
import { createDistributor } from '../../../test/helpers/distribution.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/postgres.ts';

const FAILED = 'fmhl_billing_failures_total';

describe('an assignment that fails', () => {
  let database: TestDatabase;
  before(async () => {
    database = await createTestDatabase();
    // Who uses a connection learns of its loss from the statement that fails.
    database.pool.on('connect', (client) => client.on('error', () => undefined));
  });
  after(() => database.drop());

  const makeMarket = (): Promise<Market> =>
    createMarket(database.db, {
      levels: [{ price: 100, maxRecipients: 3 }],
      providers: Array.from({ length: 4 }, () => ({ balance: 1_000, subscriptions: [{ level: 0 }] })),
      leads: 1,
    });

  /** Has a statement run in the database when the ledger entry of the market's second provider is written. */
  const breakSecond = async (market: Market, statement: string): Promise<void> => {
    await sql`
      CREATE OR REPLACE FUNCTION break_ledger() RETURNS trigger LANGUAGE plpgsql AS ${sql.lit(
        `BEGIN ${statement}; RETURN NEW; END`,
      )}`.execute(database.db);
    await sql`
      CREATE OR REPLACE TRIGGER break_ledger BEFORE INSERT ON provider_ledger
        FOR EACH ROW WHEN (NEW.provider_id = ${sql.lit(market.providerIds[1])})
        EXECUTE FUNCTION break_ledger()`.execute(database.db);
  };
  const mend = () => sql`DROP TRIGGER break_ledger ON provider_ledger`.execute(database.db);
  const raise = (state: string): string => `RAISE EXCEPTION 'broken' USING ERRCODE = '${state}'`;

  for (const [what, state] of [
    ['an amount out of range', '22003'],
    ['a constraint', '23514'],
    ['a trigger', 'P0001'],
  ] as const) {
    test(`because of ${what} is that provider's alone: the next one gets the lead`, async () => {
      const market = await makeMarket();
      const { distribute, metric, log } = createDistributor(database.db);
      await breakSecond(market, raise(state));
      const outcome = await distribute(market.leadIds[0]!);
      await mend();
      assert.deepEqual(outcome, { startPosition: 1, assigned: 3, skipped: 0, failed: 1 });
      assert.deepEqual(
        (await servedOf(database.db, market)).map(({ provider }) => provider),
        [0, 2, 3],
      );
      assert.deepEqual(await violationsOf(database.db, market), NO_VIOLATIONS);
      assert.equal(await metric(FAILED), 1);
      assert.equal(log.find('assignment_failed')[0]?.metadata.provider_id, market.providerIds[1]);
      const { rows } = await sql<{ served: boolean; failures: number }>`
        SELECT last_received_at IS NOT NULL AS served, billing_failures AS failures
          FROM provider_subscriptions, lead_distributions
         WHERE provider_id = ${market.providerIds[1]} AND lead_id = ${market.leadIds[0]}`.execute(
        database.db,
      );
      assert.deepEqual(rows, [{ served: false, failures: 1 }]);
    });
  }

  for (const [what, statement] of [
    ['a deadlock', raise('40P01')],
    ['a timeout', raise('57014')],
    ['a full disk', raise('53100')],
    ['a lost connection', 'PERFORM pg_terminate_backend(pg_backend_pid())'],
  ] as const) {
    test(`because of ${what} fails the run; the level is free again, and the next run completes it`, async () => {
      const market = await makeMarket();
      const { distribute, metric, log } = createDistributor(database.db);
      await breakSecond(market, statement);
      await assert.rejects(distribute(market.leadIds[0]!));
      await mend();
      assert.equal((await servedOf(database.db, market)).length, 1);
      assert.equal(log.find('assignment_failed').length, 0);
      assert.equal(await metric('fmhl_distribution_duration_ms_count'), 0, 'it was not a whole distribution');
      assert.equal((await distribute(market.leadIds[0]!)).assigned, 2);
      assert.deepEqual(await violationsOf(database.db, market), NO_VIOLATIONS);
    });
  }

  test('for want of a valid email address is rolled back with its charge, and the others go on', async () => {
    const market = await makeMarket();
    const { distribute } = createDistributor(database.db);
    await sql`UPDATE providers SET email = 'nobody' WHERE id = ${market.providerIds[0]}`.execute(database.db);
    const outcome = await distribute(market.leadIds[0]!);
    assert.deepEqual(outcome, { startPosition: 1, assigned: 3, skipped: 0, failed: 1 });
    assert.deepEqual(await violationsOf(database.db, market), NO_VIOLATIONS);
  });
});
