import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { z } from 'zod';
import { endChild, spawnChild } from '../../../test/helpers/children.ts';
import { eventually } from '../../../test/helpers/eventually.ts';
import { captureLog } from '../../../test/helpers/log.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/postgres.ts';
import { testRedisUrl, uniquePrefix } from '../../../test/helpers/redis.ts';
import { ENGINES } from '../../../test/helpers/system.ts';
import type { Engine, EngineJob } from '../../platform/engine/engine.ts';
import { createPostgresEngine } from '../../platform/engine/postgres.ts';
import { createRedisEngine } from '../../platform/engine/redis.ts';
import { createMetrics } from '../metrics/registry.ts';
import { defineQueue } from './definition.ts';
import { createProducer } from './producer.ts';
import type { Processor } from './types.ts';
import { startWorker, type RunningWorker } from './worker.ts';

const payload = z.object({ n: z.number() });
const queue = defineQueue({
  name: 'test_queue',
  jobName: 'test_job',
  payload,
  attempts: 3,
  backoffMs: [1_000, 1_000, 1_000],
  timeoutMs: 60_000,
  concurrency: 3,
});
/** Short, so that a dead worker is noticed soon. */
const SETTINGS = { lockMs: 1_000, stalledIntervalMs: 500, maxStalledCount: 1 };

for (const kind of ENGINES) {
  describe(`a worker process that is killed, on ${kind}`, () => {
    let database: TestDatabase;
    let prefix: string;
    let redisUrl: string;
    let engine: Engine;
    const workers: RunningWorker[] = [];
    const log = captureLog();
    const metrics = createMetrics({ role: 'worker', version: '0', queues: [queue.name], logger: log.logger });

    beforeEach(async () => {
      database = await createTestDatabase();
      prefix = uniquePrefix();
      redisUrl = await testRedisUrl();
      engine =
        kind === 'redis'
          ? await createRedisEngine({ url: redisUrl, prefix, onError: () => undefined })
          : await createPostgresEngine({
              connectionString: database.url,
              workers: 2,
              onError: () => undefined,
            });
    });
    afterEach(async () => {
      await Promise.all(workers.splice(0).map((worker) => worker.stop(0)));
      await engine.close();
      await database.drop();
    });

    /** A process that takes a job, says so, and never ends it; it is killed then. */
    async function takeAndDie(): Promise<void> {
      const url = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href);
      const options = JSON.stringify(
        kind === 'redis' ? { url: redisUrl, prefix } : { connectionString: database.url, workers: 1 },
      );
      const code = `
        import { z } from 'zod';
        import { createRedisEngine } from ${url('../../platform/engine/redis.ts')};
        import { createPostgresEngine } from ${url('../../platform/engine/postgres.ts')};
        import { createLogger } from ${url('../../platform/logging/logger.ts')};
        import { createMetrics } from ${url('../metrics/registry.ts')};
        import { startWorker } from ${url('./worker.ts')};
        const open = ${kind === 'redis' ? 'createRedisEngine' : 'createPostgresEngine'};
        const engine = await open({ ...${options}, onError: () => undefined });
        const logger = createLogger({ level: 'fatal', role: 'worker', version: '0' });
        const metrics = createMetrics({ role: 'worker', version: '0', queues: [], logger });
        const queue = { ...${JSON.stringify({ ...queue, payload: undefined })}, payload: z.any() };
        const settings = ${JSON.stringify(SETTINGS)};
        startWorker(queue, () => {
          process.stdout.write('taken');
          return new Promise(() => undefined);
        }, { engine, metrics, logger, workerName: 'doomed', settings });`;
      const child = spawnChild(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', code]);
      let output = '';
      child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
      child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()));
      await eventually(() => (output.includes('taken') ? true : assert.fail(output)), { timeoutMs: 30_000 });
      await endChild(child, 'SIGKILL');
    }

    function work(processor: Processor<typeof payload>): void {
      const { logger } = log;
      workers.push(
        startWorker(queue, processor, {
          engine,
          metrics,
          logger,
          workerName: 'survivor',
          settings: SETTINGS,
        }),
      );
    }

    const enqueue = (): Promise<string> =>
      createProducer({ engine, metrics, logger: log.logger }).enqueue(
        queue,
        { n: 1 },
        { correlationId: null },
      );

    async function inState(id: string, state: string): Promise<EngineJob> {
      const find = async (): Promise<EngineJob> => {
        const job = await engine.queue(queue.name).getJob(id);
        assert.ok(job);
        return job;
      };
      await eventually(async () => (await (await find()).getState()) === state);
      return find();
    }

    test('leaves its job to another worker, with no attempt counted', async () => {
      const id = await enqueue();
      await takeAndDie();
      const attempts: number[] = [];
      work(({ attempt }) => Promise.resolve(attempts.push(attempt)));
      const job = await inState(id, 'completed');
      assert.deepEqual(attempts, [1]);
      assert.equal(job.attemptsMade, 1);
    });

    test('once too often kills its job, which is then dead for good, counted once, and never run again', async () => {
      const counted = async (): Promise<number> =>
        Number(/^fmhl_jobs_failed_total\{queue="test_queue"\} (\d+)$/m.exec(await metrics.expose())?.[1]);
      const before = await counted();
      const id = await enqueue();
      await takeAndDie();
      await takeAndDie();
      let runs = 0;
      work(() => Promise.resolve((runs += 1)));
      const job = await inState(id, 'failed');
      assert.match(job.failedReason, /stalled/);
      assert.equal(runs, 0);
      await eventually(async () => (await counted()) === before + 1);
      assert.equal(log.find('job_failed').at(-1)?.metadata['job_id'], id);
    });
  });
}
