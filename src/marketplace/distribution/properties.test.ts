/** Rules that hold whatever the market: fast-check makes markets, and shrinks one that breaks a rule. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { sql } from 'kysely';
import { expectedOf, type Expected } from '../../../test/factories/distribution-model.ts';
import {
  createMarket,
  NO_VIOLATIONS,
  servedOf,
  violationsOf,
  type Market,
  type MarketSpec,
} from '../../../test/factories/distribution.ts';
import { createDistributor } from '../../../test/helpers/distribution.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/postgres.ts';
import { parseMoney } from '../../../contract/money.ts';
import { systemClock } from '../../platform/lifecycle/clock.ts';
import type { Db } from '../../platform/postgres/db.ts';

/** All properties together stay below a minute, however slow the machine. */
const WITHIN = { interruptAfterTimeLimit: 12_000, markInterruptAsFailure: false };

const mostly = fc.nat({ max: 9 }).map((n) => n > 0);

const subscription = (levels: number) =>
  fc.record({
    level: fc.nat({ max: levels - 1 }),
    servedAt: fc.option(fc.nat({ max: 5 })),
    deactivated: fc.oneof(
      { weight: 9, arbitrary: fc.constant(null) },
      { weight: 1, arbitrary: fc.constantFrom('insufficient_funds', 'admin', 'provider') },
    ),
  });

/** Few cents and many providers, so that money runs out, order is contested and everybody has to wrap. */
const market: fc.Arbitrary<MarketSpec> = fc.integer({ min: 1, max: 4 }).chain((levels) =>
  fc.record({
    levels: fc.array(
      fc.record({
        price: fc.integer({ min: 1, max: 30 }),
        maxRecipients: fc.integer({ min: 1, max: 4 }),
        active: mostly,
      }),
      { minLength: levels, maxLength: levels },
    ),
    providers: fc.array(
      fc.record({
        balance: fc.integer({ min: 0, max: 90 }),
        active: mostly,
        subscriptions: fc.uniqueArray(subscription(levels), {
          selector: ({ level }) => level,
          maxLength: levels,
        }),
      }),
      { maxLength: 8 },
    ),
    leads: fc.integer({ min: 1, max: 5 }),
    nextStart: fc.integer({ min: 1, max: 6 }),
  }),
);

/** A market where no subscription waits for money that is there: one would resume behind the back of a run. */
const withoutPaused = (spec: MarketSpec): MarketSpec => ({
  ...spec,
  providers: spec.providers.map((provider) => ({
    ...provider,
    subscriptions: provider.subscriptions.filter(({ deactivated }) => deactivated !== 'insufficient_funds'),
  })),
});

/** What a market has come to, in the words of the model. */
async function stateOf(db: Db, made: Market, skipped: number): Promise<Expected> {
  const { rows: balances } = await sql<{ balance: string }>`
    SELECT balance FROM providers WHERE id = ANY (${made.providerIds}::uuid[]) ORDER BY id`.execute(db);
  const { rows: active } = await sql<{ provider: number; level: number }>`
    SELECT array_position(${made.providerIds}::uuid[], provider_id) - 1 AS provider,
           array_position(${made.levelIds}::uuid[], competition_level_id) - 1 AS level
      FROM provider_subscriptions
     WHERE is_active AND provider_id = ANY (${made.providerIds}::uuid[])`.execute(db);
  const { rows: niche } = await sql<{ next_start: number }>`
    SELECT next_start_level_order_position AS next_start FROM niches WHERE id = ${made.nicheId}`.execute(db);
  return {
    served: await servedOf(db, made),
    skipped,
    balances: balances.map(({ balance }) => parseMoney(balance)),
    active: active.map(({ provider, level }) => `${provider}/${level}`),
    nextStart: niche[0]!.next_start,
  };
}

const sorted = (state: Expected): Expected => ({ ...state, active: state.active.toSorted() });

describe('distribution over any market', () => {
  let database: TestDatabase;
  before(async () => {
    database = await createTestDatabase();
  });
  after(() => database.drop());

  const distributeAll = async (spec: MarketSpec): Promise<{ made: Market; state: Expected }> => {
    const { db } = database;
    const made = await createMarket(db, spec);
    // A clock that stands still: the order must not need it.
    const { distribute, metric } = createDistributor(db);
    for (const id of made.leadIds) await distribute(id);
    const skipped = await metric('fmhl_assignments_skipped_insufficient_balance_total');
    const created = await metric('fmhl_assignments_created_total');
    const state = await stateOf(db, made, skipped);
    assert.equal(created, state.served.length);
    return { made, state };
  };

  test('it does what the model does: who, in which order, for how much, and who is skipped', async () => {
    await fc.assert(
      fc.asyncProperty(market, async (spec) => {
        const { made, state } = await distributeAll(spec);
        assert.deepEqual(sorted(state), sorted(expectedOf(spec)));
        assert.deepEqual(await violationsOf(database.db, made), NO_VIOLATIONS);
      }),
      { numRuns: 80, ...WITHIN },
    );
  });

  test('the same inputs have the same outcome', async () => {
    await fc.assert(
      fc.asyncProperty(market, async (spec) => {
        const one = await distributeAll(spec);
        const two = await distributeAll(spec);
        assert.deepEqual(sorted(two.state), sorted(one.state));
      }),
      { numRuns: 25, ...WITHIN },
    );
  });

  test('leads in parallel, each twice: no rule is broken, and nobody who could be served is left out', async () => {
    await fc.assert(
      fc.asyncProperty(market.map(withoutPaused), async (spec) => {
        const { db } = database;
        const made = await createMarket(db, spec);
        const { distribute, metric } = createDistributor(db, systemClock);
        await Promise.all([...made.leadIds, ...made.leadIds].map((id) => distribute(id)));
        assert.deepEqual(await violationsOf(db, made), NO_VIOLATIONS);
        const served = await servedOf(db, made);
        assert.equal(await metric('fmhl_assignments_created_total'), served.length);
        // A lead is left with free places only where no active subscriber without it remains.
        for (const id of made.leadIds) assert.equal((await distribute(id)).assigned, 0);
      }),
      { numRuns: 40, ...WITHIN },
    );
  });
});

describe('fairness', () => {
  let database: TestDatabase;
  before(async () => {
    database = await createTestDatabase();
  });
  after(() => database.drop());

  interface Equals {
    levels: { maxRecipients: number; members: number }[];
    leads: number;
  }
  /** Levels with their own subscribers, who can all pay for everything: equally eligible within a level. */
  const equals: fc.Arbitrary<Equals> = fc.record({
    levels: fc.array(
      fc.record({ maxRecipients: fc.integer({ min: 1, max: 5 }), members: fc.integer({ min: 1, max: 8 }) }),
      { minLength: 1, maxLength: 3 },
    ),
    leads: fc.integer({ min: 1, max: 14 }),
  });
  const specOf = ({ levels, leads }: Equals): MarketSpec => ({
    levels: levels.map(({ maxRecipients }) => ({ price: 100, maxRecipients })),
    providers: levels.flatMap(({ members }, level) =>
      Array.from({ length: members }, () => ({ balance: 100_000, subscriptions: [{ level }] })),
    ),
    leads,
  });

  const assertFair = async (made: Market, spec: MarketSpec): Promise<void> => {
    const served = await servedOf(database.db, made);
    for (const [level, { maxRecipients }] of spec.levels.entries()) {
      const counts = spec.providers.flatMap(({ subscriptions }, provider) =>
        subscriptions[0]?.level === level
          ? [served.filter((one) => one.provider === provider && one.level === level).length]
          : [],
      );
      assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, `level ${level} served ${counts.join(', ')}`);
      const total = counts.reduce((sum, count) => sum + count, 0);
      assert.equal(total, spec.leads * Math.min(maxRecipients, counts.length));
    }
  };

  for (const manner of ['one after the other', 'in parallel'] as const) {
    test(`leads ${manner} serve equally eligible providers equally often, give or take one`, async () => {
      await fc.assert(
        fc.asyncProperty(equals, async (sizes) => {
          const spec = specOf(sizes);
          const made = await createMarket(database.db, spec);
          const { distribute } = createDistributor(database.db, systemClock);
          if (manner === 'in parallel') await Promise.all(made.leadIds.map((id) => distribute(id)));
          else for (const id of made.leadIds) await distribute(id);
          await assertFair(made, spec);
          assert.deepEqual(await violationsOf(database.db, made), NO_VIOLATIONS);
        }),
        { numRuns: 25, ...WITHIN },
      );
    });
  }

  test('over a full round of leads, every level is the first as often as any other', async () => {
    const spec: MarketSpec = {
      levels: Array.from({ length: 3 }, () => ({ price: 100, maxRecipients: 1 })),
      providers: [],
      leads: 12,
    };
    const made = await createMarket(database.db, spec);
    const { distribute } = createDistributor(database.db, systemClock);
    const outcomes = await Promise.all(made.leadIds.map((id) => distribute(id)));
    const starts = outcomes.map(({ startPosition }) => startPosition).sort();
    assert.deepEqual(starts, [1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]);
  });
});
