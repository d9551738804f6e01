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
import { balancesOf, createLead, createLevel, subscribe } from '../../../test/factories/marketplace.ts';
import { createDistributor } from '../../../test/helpers/distribution.ts';
import { eventually } from '../../../test/helpers/eventually.ts';
import { waitingSessions } from '../../../test/helpers/locks.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/postgres.ts';
import { lockBalance } from '../billing/ledger.ts';
import { systemClock } from '../../platform/lifecycle/clock.ts';

const PRICE = 10_00;

describe('distributions at the same time', () => {
  let database: TestDatabase;
  before(async () => {
    database = await createTestDatabase();
  });
  after(() => database.drop());

  /** Exactly one lead was bought, and the money is gone. */
  const assertOneSold = async (market: Market): Promise<void> => {
    const { db } = database;
    assert.equal((await servedOf(db, market)).length, 1);
    assert.deepEqual(await balancesOf(db, market.providerIds[0]!), { balance: '0.00', ledger: '0.00' });
    assert.deepEqual(await violationsOf(db, market), NO_VIOLATIONS);
  };

  test('50 leads of one level against a provider with funds for one: one is sold', async () => {
    const market = await createMarket(database.db, {
      levels: [{ price: PRICE, maxRecipients: 3 }],
      providers: [{ balance: PRICE, subscriptions: [{ level: 0 }] }],
      leads: 50,
    });
    const { distribute, metric } = createDistributor(database.db, systemClock);
    const outcomes = await Promise.all(market.leadIds.map((id) => distribute(id)));
    assert.equal(outcomes.filter(({ assigned }) => assigned === 1).length, 1);
    assert.equal(await metric('fmhl_assignments_created_total'), 1);
    assert.equal(await metric('fmhl_billing_failures_total'), 0);
    await assertOneSold(market);
  });

  test('50 leads of 50 niches, whose orders know nothing of each other: still one is sold', async () => {
    const { db } = database;
    const market = await createMarket(db, {
      levels: [],
      providers: [{ balance: PRICE, subscriptions: [] }],
      leads: 0,
    });
    for (let i = 0; i < 50; i += 1) {
      const { id: levelId, nicheId } = await createLevel(db, { price: '10.00' });
      await subscribe(db, { providerId: market.providerIds[0]!, levelId });
      market.levelIds.push(levelId);
      market.leadIds.push((await createLead(db, { nicheId })).id);
    }
    const { distribute, metric } = createDistributor(db, systemClock);
    await Promise.all(market.leadIds.map((id) => distribute(id)));
    assert.equal(await metric('fmhl_billing_failures_total'), 0);
    await assertOneSold(market);
  });

  test('20 runs of one lead: as if it had been one', async () => {
    const { db } = database;
    const market = await createMarket(db, {
      levels: [
        { price: PRICE, maxRecipients: 3 },
        { price: PRICE, maxRecipients: 2 },
      ],
      providers: Array.from({ length: 6 }, () => ({
        balance: 100_00,
        subscriptions: [{ level: 0 }, { level: 1 }],
      })),
      leads: 2,
    });
    const [lead, next] = market.leadIds;
    const { distribute, metric } = createDistributor(db, systemClock);
    await Promise.all(Array.from({ length: 20 }, () => distribute(lead!)));
    assert.deepEqual(
      (await servedOf(db, market)).map(({ level, provider }) => [level, provider]),
      [
        [0, 0],
        [0, 1],
        [0, 2],
        [1, 3],
        [1, 4],
      ],
    );
    assert.equal(await metric('fmhl_assignments_created_total'), 5);
    assert.deepEqual(await violationsOf(db, market), NO_VIOLATIONS);
    assert.equal((await distribute(next!)).startPosition, 2, 'the niche moved on once');
  });

  for (const [what, change] of [
    ['got the lead', 'got'],
    ['lost its subscription', 'lost'],
  ] as const) {
    test(`a candidate that ${what} while the distribution waited for its balance is passed over`, async () => {
      const { db } = database;
      const market = await createMarket(db, {
        levels: [
          { price: PRICE, maxRecipients: 1 },
          { price: PRICE, maxRecipients: 1, active: false },
        ],
        providers: [0, 1].map(() => ({ balance: PRICE, subscriptions: [{ level: 0 }] })),
        leads: 1,
      });
      const [leadId] = market.leadIds;
      const [providerId] = market.providerIds;
      const { distribute, metric } = createDistributor(db, systemClock);
      const running = await db.transaction().execute(async (tx) => {
        await lockBalance(tx, providerId!);
        const distribution = distribute(leadId!);
        await eventually(async () => (await waitingSessions(db)) === 1);
        if (change === 'got') {
          await sql`
            INSERT INTO lead_assignments (lead_id, provider_id, competition_level_id, price_charged)
            VALUES (${leadId}, ${providerId}, ${market.levelIds[1]}, 10)`.execute(tx);
        } else {
          await sql`
            UPDATE provider_subscriptions SET is_active = FALSE, deactivation_reason = 'provider'
             WHERE provider_id = ${providerId}`.execute(tx);
        }
        return { distribution };
      });
      assert.deepEqual(await running.distribution, { startPosition: 1, assigned: 1, skipped: 0, failed: 0 });
      assert.equal(await metric('fmhl_billing_failures_total'), 0);
      assert.deepEqual(await servedOf(db, market), [{ lead: 0, level: 0, provider: 1 }]);
    });
  }

  test('providers in many levels, leads at every start: nobody waits in a circle', async () => {
    const { db } = database;
    const level = { price: PRICE, maxRecipients: 8 };
    const everywhere = [0, 1, 2, 3].map((index) => ({ level: index }));
    const market = await createMarket(db, {
      levels: [level, level, level, level],
      // Some run out of money on the way, which touches their subscriptions in the other levels.
      providers: Array.from({ length: 12 }, (_, i) => ({
        balance: (i % 4) * 40_00 + 5_00,
        subscriptions: everywhere,
      })),
      leads: 16,
    });
    const { distribute, metric } = createDistributor(db, systemClock);
    await Promise.all(market.leadIds.map((id) => distribute(id)));
    assert.deepEqual(await violationsOf(db, market), NO_VIOLATIONS);
    assert.equal(await metric('fmhl_billing_failures_total'), 0);
    assert.equal((await servedOf(db, market)).length, 3 * (4 + 8 + 12), 'all money was spent');
  });
});
