import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import type { LevelId, SubscriptionId } from '../../../contract/ids.ts';
import { createLevel, createProvider, subscribe } from '../../../test/factories/marketplace.ts';
import { captureLog } from '../../../test/helpers/log.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/postgres.ts';
import { reactivateSubscriptions, subscriptionReactivation } from './reactivate.ts';

const never = new AbortController().signal;
let database: TestDatabase;
before(async () => {
  database = await createTestDatabase();
});
after(() => database.drop());
afterEach(async () => {
  await sql`DELETE FROM provider_subscriptions`.execute(database.db);
});

const log = captureLog();
const reactivate = (signal: AbortSignal = never): Promise<number> =>
  reactivateSubscriptions({ db: database.db, logger: log.logger }, signal);

const levelAt = async (price: string): Promise<LevelId> => (await createLevel(database.db, { price })).id;

async function deactivated(
  balance: string,
  levelId: LevelId,
  reason: 'insufficient_funds' | 'admin' | 'provider' = 'insufficient_funds',
): Promise<SubscriptionId> {
  const { id: providerId } = await createProvider(database.db, { balance });
  return subscribe(database.db, { providerId, levelId, deactivationReason: reason });
}

async function stateOf(id: SubscriptionId): Promise<unknown> {
  const { rows } = await sql`
    SELECT is_active, deactivation_reason, deactivated_at IS NULL AS cleared
      FROM provider_subscriptions WHERE id = ${id}`.execute(database.db);
  return rows[0];
}
const ACTIVE = { is_active: true, deactivation_reason: null, cleared: true };
const inactive = (reason: string) => ({ is_active: false, deactivation_reason: reason, cleared: false });

describe('a subscription that lacked money', () => {
  test('is active again once the balance suffices, to the cent, and no sooner', async () => {
    const level = await levelAt('20.00');
    const [enough, short] = [await deactivated('20.00', level), await deactivated('19.99', level)];
    assert.equal(await reactivate(), 1);
    assert.deepEqual(await stateOf(enough), ACTIVE);
    assert.deepEqual(await stateOf(short), inactive('insufficient_funds'));
    assert.equal(log.find('subscriptions_reactivated').at(-1)?.metadata.providers, 1);

    await sql`UPDATE competition_levels SET price_per_lead = 19.99 WHERE id = ${level}`.execute(database.db);
    assert.equal(await reactivate(), 1, 'the level became cheaper');
    assert.deepEqual(await stateOf(short), ACTIVE);
    assert.equal(await reactivate(), 0, 'nothing is left to do');
  });

  test('of several comes back where the balance can pay that level', async () => {
    const { id: providerId } = await createProvider(database.db, { balance: '15.00' });
    const of = async (price: string) =>
      subscribe(database.db, {
        ...{ providerId, levelId: await levelAt(price), deactivationReason: 'insufficient_funds' },
      });
    const [cheap, dear] = [await of('15.00'), await of('15.01')];
    assert.equal(await reactivate(), 1);
    assert.deepEqual(await stateOf(cheap), ACTIVE);
    assert.deepEqual(await stateOf(dear), inactive('insufficient_funds'));
  });
});

test('a subscription that an admin or the provider ended stays so', async () => {
  const level = await levelAt('1.00');
  const ids = [await deactivated('50.00', level, 'admin'), await deactivated('50.00', level, 'provider')];
  assert.equal(await reactivate(), 0);
  assert.deepEqual(await stateOf(ids[0]!), inactive('admin'));
  assert.deepEqual(await stateOf(ids[1]!), inactive('provider'));
});

test('many providers are gone through in batches, and left when the task is told to stop', async () => {
  const level = await levelAt('1.00');
  await sql`
    WITH made AS (
      INSERT INTO users (email, role, password_hash)
      SELECT 'r' || n || '@example.com', 'provider', 'none' FROM generate_series(1, 250) AS n RETURNING id, email
    ), provider AS (
      INSERT INTO providers (user_id, company_name, email, balance)
      SELECT id, email, email, 1.00 FROM made RETURNING id
    )
    INSERT INTO provider_subscriptions (provider_id, competition_level_id, is_active, deactivation_reason, deactivated_at)
    SELECT id, ${level}, FALSE, 'insufficient_funds', now() FROM provider`.execute(database.db);
  await assert.rejects(reactivate(AbortSignal.abort(new Error('stopping'))), /stopping/);
  assert.equal(await reactivate(), 250);
  const { rows } = await sql`SELECT FROM provider_subscriptions WHERE NOT is_active`.execute(database.db);
  assert.equal(rows.length, 0);
});

test('runs every 5 minutes', () => {
  const { name, cron } = subscriptionReactivation({ db: database.db });
  assert.deepEqual({ name, cron }, { name: 'subscription_reactivation', cron: '*/5 * * * *' });
});
