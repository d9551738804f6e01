import { z } from 'zod';
import { createMetrics, type Metrics } from '../../src/ops/metrics/registry.ts';
import { defineQueue, type QueueDefinition } from '../../src/ops/queues/definition.ts';
import { createProducer, type Producer } from '../../src/ops/queues/producer.ts';
import { startWorker, type Processor, type RunningWorker } from '../../src/ops/queues/worker.ts';
import type { Engine } from '../../src/platform/engine/engine.ts';
import { createPostgresEngine } from '../../src/platform/engine/postgres.ts';
import { createRedisEngine } from '../../src/platform/engine/redis.ts';
import { systemClock, type Clock } from '../../src/platform/lifecycle/clock.ts';
import type { Logger } from '../../src/platform/logging/logger.ts';
import { captureLog, type CapturedLog } from './log.ts';
import { createTestDatabase, type TestDatabase } from './postgres.ts';
import { testRedisUrl, uniquePrefix } from './redis.ts';

export const ENGINES = ['redis', 'postgres'] as const;

/** A queue for tests: takes any payload, fails for good at the first failure. */
export const testQueue = defineQueue({
  name: 'test_queue',
  jobName: 'test_job',
  payload: z.unknown(),
  attempts: 1,
  backoffMs: [],
  timeoutMs: 10_000,
  concurrency: 5,
});

/** A database, an engine and what stands on them: the real things, each test's own. */
export interface TestSystem {
  database: TestDatabase;
  db: TestDatabase['db'];
  engine: Engine;
  metrics: Metrics;
  log: CapturedLog;
  logger: Logger;
  clock: Clock;
  producer: Producer;
  queues: readonly string[];
  /** Starts a worker that is stopped with the system. */
  work: <P extends z.ZodType>(definition: QueueDefinition<P>, processor: Processor<P>) => RunningWorker;
  /** The value of a metric's series: `fmhl_dlq_size{queue="test_queue"}`; null when it is absent. */
  metric: (series: string) => Promise<number | null>;
  close: () => Promise<void>;
}

export async function createTestSystem(
  engineKind: (typeof ENGINES)[number] = 'redis',
  { redisUrl, queues = [testQueue.name] }: { redisUrl?: string; queues?: readonly string[] } = {},
): Promise<TestSystem> {
  const database = await createTestDatabase();
  const log = captureLog();
  const { logger } = log;
  const onError = (): void => undefined;
  const engine =
    engineKind === 'redis'
      ? await createRedisEngine({ url: redisUrl ?? (await testRedisUrl()), prefix: uniquePrefix(), onError })
      : await createPostgresEngine({ connectionString: database.url, workers: 4, onError });
  const metrics = createMetrics({ role: 'start', version: '0.0.0-test', queues, logger });
  const workers: RunningWorker[] = [];
  const settings = { lockMs: 3_000, stalledIntervalMs: 1_000, maxStalledCount: 2 };
  return {
    database,
    db: database.db,
    engine,
    metrics,
    log,
    logger,
    clock: systemClock,
    producer: createProducer({ engine, metrics, logger }),
    queues,
    work: (definition, processor) => {
      const worker = startWorker(definition, processor, {
        engine,
        metrics,
        logger,
        workerName: 'test',
        settings,
      });
      workers.push(worker);
      return worker;
    },
    metric: async (series) => {
      const line = (await metrics.expose()).split('\n').find((one) => one.startsWith(`${series} `));
      return line === undefined ? null : Number(line.slice(series.length + 1));
    },
    close: async () => {
      await Promise.all(workers.map((worker) => worker.stop(0)));
      await engine.close();
      await database.drop();
    },
  };
}
