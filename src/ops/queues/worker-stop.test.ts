import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { z } from 'zod';
import { eventually } from '../../../test/helpers/eventually.ts';
import { startRedis } from '../../../test/helpers/redis.ts';
import { createTestSystem, ENGINES, type TestSystem } from '../../../test/helpers/system.ts';
import { defineQueue } from './definition.ts';

const queue = defineQueue({
  name: 'test_queue',
  jobName: 'test_job',
  payload: z.number(),
  attempts: 1,
  backoffMs: [],
  timeoutMs: 60_000,
  concurrency: 3,
});
const never = (): Promise<never> => new Promise(() => undefined);

for (const kind of ENGINES) {
  describe(`a worker that stops on ${kind}`, () => {
    let system: TestSystem;
    beforeEach(async () => {
      system = await createTestSystem(kind);
    });
    afterEach(() => system.close());

    const enqueue = (n: number): Promise<string> =>
      system.producer.enqueue(queue, n, { correlationId: null });
    const stateOf = async (id: string): Promise<string | undefined> =>
      (await system.engine.queue(queue.name).getJob(id))?.getState();
    const counted = (name: string): Promise<number | null> => system.metric(`${name}{queue="test_queue"}`);

    test('lets running jobs finish within the grace period, and takes no more', async () => {
      let release: () => void = () => undefined;
      let started = 0;
      const worker = system.work({ ...queue, concurrency: 1 }, ({ signal }) => {
        started += 1;
        return new Promise((resolve) => (release = () => resolve({ aborted: signal.aborted })));
      });
      const running = await enqueue(1);
      await eventually(() => started === 1);
      const waiting = await enqueue(2);
      const stopping = worker.stop(60_000);
      release();
      await stopping;
      assert.equal(await stateOf(running), 'completed');
      assert.deepEqual((await system.engine.queue(queue.name).getJob(running))?.returnvalue, {
        aborted: false,
      });
      assert.equal(await stateOf(waiting), 'waiting');
      assert.equal(started, 1);
      assert.deepEqual(system.log.find('worker_stopped')[0]?.metadata, {
        queue: 'test_queue',
        jobs_returned: true,
      });
    });

    test('aborts jobs after the grace period, and gives them back with no attempt counted', async () => {
      let reason: unknown;
      const worker = system.work(queue, async ({ payload, signal }) => {
        if (payload === 1) await never();
        // One that heeds its signal, and rejects because of it.
        await new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            reason = signal.reason;
            reject(new Error('aborted'));
          });
        });
      });
      const ids = [await enqueue(1), await enqueue(2)];
      await eventually(async () =>
        (await Promise.all(ids.map(stateOf))).every((state) => state === 'active'),
      );
      await worker.stop(50);
      assert.equal((reason as Error).message, 'the process is stopping');
      for (const id of ids) {
        const job = await system.engine.queue(queue.name).getJob(id);
        assert.equal(await job?.getState(), 'waiting');
        assert.equal(job?.attemptsMade, 0);
      }

      const attempts: number[] = [];
      system.work(queue, ({ attempt }) => Promise.resolve(attempts.push(attempt)));
      await eventually(async () =>
        (await Promise.all(ids.map(stateOf))).every((state) => state === 'completed'),
      );
      assert.deepEqual(attempts, [1, 1]);
      await eventually(async () => (await counted('fmhl_jobs_completed_total')) === 2);
      assert.equal(await counted('fmhl_jobs_failed_total'), 0);
      assert.equal(await counted('fmhl_job_attempts_failed_total'), 0);
    });

    test('loses none of many jobs, wherever they are when it stops', async () => {
      const done = new Map<number, number>();
      const work = () =>
        system.work(queue, async ({ payload }) => {
          await new Promise((resolve) => setImmediate(resolve));
          done.set(payload, (done.get(payload) ?? 0) + 1);
        });
      const numbers = Array.from({ length: 200 }, (_, n) => n);
      const first = work();
      const ids = await Promise.all(numbers.map(enqueue));
      await eventually(() => done.size > 20, { intervalMs: 1 });
      await first.stop(0);
      const second = work();
      await eventually(async () =>
        (await Promise.all(ids.map(stateOf))).every((state) => state === 'completed'),
      );
      await second.stop(1_000);
      assert.equal(done.size, numbers.length);
      assert.equal(await counted('fmhl_jobs_failed_total'), 0);
    });

    test('stops at once when it has nothing to do', async () => {
      const worker = system.work(queue, () => Promise.resolve());
      const started = performance.now();
      await worker.stop(60_000);
      assert.ok(performance.now() - started < 10_000);
    });
  });
}

test('a worker stops in bounded time though Redis hangs', async () => {
  const redis = await startRedis();
  const system = await createTestSystem('redis', { redisUrl: redis.url });
  try {
    let started = false;
    const worker = system.work(queue, () => {
      started = true;
      return never();
    });
    await system.producer.enqueue(queue, 1, { correlationId: null });
    await eventually(() => started);
    redis.pause();
    const stopping = performance.now();
    await worker.stop(50);
    assert.ok(performance.now() - stopping < 10_000);
    assert.equal(system.log.find('worker_stopped')[0]?.metadata['jobs_returned'], false);
  } finally {
    redis.resume();
    await system.close();
    await redis.stop();
  }
});
