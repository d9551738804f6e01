import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sql } from 'kysely';
import {
  createMarket,
  NO_VIOLATIONS,
  servedOf,
  violationsOf,
  type Market,
} from '../../../test/factories/distribution.ts';
import { endChild } from '../../../test/helpers/children.ts';
import { spawnDistributionWorker } from '../../../test/helpers/distribution-worker.ts';
import { SYSTEM } from '../../../test/helpers/distribution.ts';
import { eventually } from '../../../test/helpers/eventually.ts';
import { captureLog } from '../../../test/helpers/log.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/postgres.ts';
import { testRedisUrl, uniquePrefix } from '../../../test/helpers/redis.ts';
import { createMetrics } from '../../ops/metrics/registry.ts';
import { createProducer } from '../../ops/queues/producer.ts';
import type { Engine } from '../../platform/engine/engine.ts';
import { createRedisEngine } from '../../platform/engine/redis.ts';
import { leadDistribution } from './queue.ts';

const SUBSCRIBERS = 240;
const LEVELS = 2;

let database: TestDatabase;
let engine: Engine;
const prefix = uniquePrefix();

before(async () => {
  database = await createTestDatabase();
  engine = await createRedisEngine({ url: await testRedisUrl(), prefix, onError: () => undefined });
});
after(async () => {
  await engine.close();
  await database.drop();
});

const enqueue = async (market: Market): Promise<void> => {
  const { logger } = captureLog();
  const metrics = createMetrics({ role: 'api', version: '0.0.0', queues: [leadDistribution.name], logger });
  await createProducer({ engine, metrics, logger }).enqueue(
    leadDistribution,
    { lead_id: market.leadIds[0]!, triggered_by: SYSTEM, requested_at: new Date().toISOString() },
    { correlationId: null },
  );
};

test('a worker killed in the middle of a distribution: another completes it, and nothing is doubled', async () => {
  const { db } = database;
  const market = await createMarket(db, {
    levels: Array.from({ length: LEVELS }, () => ({ price: 100, maxRecipients: SUBSCRIBERS })),
    providers: Array.from({ length: SUBSCRIBERS }, (_, i) => ({
      balance: 1_000,
      subscriptions: [{ level: i % LEVELS }],
    })),
    leads: 1,
  });
  const options = { databaseUrl: database.url, redisUrl: await testRedisUrl(), prefix };
  const assigned = async (): Promise<number> => (await servedOf(db, market)).length;
  await enqueue(market);

  const first = spawnDistributionWorker(options);
  await eventually(async () => (await assigned()) >= SUBSCRIBERS / 8, { intervalMs: 5, timeoutMs: 30_000 });
  await endChild(first, 'SIGKILL');
  const atDeath = await assigned();
  assert.ok(atDeath < SUBSCRIBERS, 'the worker was in the middle');
  assert.deepEqual(await violationsOf(db, market), NO_VIOLATIONS, 'no assignment without its charge');

  const second = spawnDistributionWorker(options);
  try {
    const queue = engine.queue(leadDistribution.name);
    await eventually(async () => (await queue.getCompletedCount()) === 1, { timeoutMs: 60_000 });
  } finally {
    await endChild(second, 'SIGKILL');
  }
  assert.equal(await assigned(), SUBSCRIBERS);
  assert.deepEqual(await violationsOf(db, market), NO_VIOLATIONS);
  const { rows } = await sql<{ emails: number; runs: number; completed: boolean; spent: string }>`
    SELECT (SELECT count(*)::int FROM outbox WHERE job_id LIKE 'new-lead-%') AS emails,
           runs, completed_at IS NOT NULL AS completed,
           (SELECT sum(10 - balance) FROM providers)::text AS spent
      FROM lead_distributions WHERE lead_id = ${market.leadIds[0]}`.execute(db);
  assert.deepEqual(rows, [{ emails: SUBSCRIBERS, runs: 2, completed: true, spent: `${SUBSCRIBERS}.00` }]);
});
