import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { eventually } from '../../../test/helpers/eventually.ts';
import { startRedis, testRedisUrl } from '../../../test/helpers/redis.ts';
import { createTestSystem, ENGINES, testQueue, type TestSystem } from '../../../test/helpers/system.ts';
import { observeEngine, observeQueues, readQueues } from './overview.ts';

const IDLE = { depth: 0, active: 0, delayed: 0, paused: false, oldestWaitingSeconds: 0 };

test('a job whose data is gone waits, and has no age', async () => {
  const system = await createTestSystem('redis');
  const redis = new Redis(await testRedisUrl());
  try {
    const queue = system.engine.queue(testQueue.name);
    const { id = '' } = await queue.add('test_job', {}, { jobId: `gone-${Date.now()}`, priority: 1 });
    const { id: other = '' } = await queue.add('test_job', {}, { jobId: `gone-too-${Date.now()}` });
    for (const job of [id, other]) await redis.del(await redis.keys(`*:${testQueue.name}:${job}`));
    const [state] = await readQueues(system.engine, [testQueue.name], { now: () => Date.now() });
    assert.deepEqual(state, { ...IDLE, depth: 2 });
  } finally {
    redis.disconnect();
    await system.close();
  }
});

for (const kind of ENGINES) {
  describe(`the state of a queue on ${kind}`, () => {
    let system: TestSystem;
    /** Runs ahead of the engine's clock by what the test says. */
    const clock = { aheadMs: 0, now: () => Date.now() + clock.aheadMs };
    beforeEach(async () => {
      clock.aheadMs = 0;
      system = await createTestSystem(kind);
    });
    afterEach(() => system.close());

    const queue = () => system.engine.queue(testQueue.name);
    const read = async () => (await readQueues(system.engine, [testQueue.name], clock))[0]!;
    const add = (options: object = {}) => queue().add('test_job', {}, options);

    test('is all zeros for a queue that nobody has used', async () => {
      assert.deepEqual(await read(), IDLE);
    });

    test('counts waiting, prioritized, running and delayed jobs', async () => {
      let release: () => void = () => undefined;
      const gate = new Promise<void>((resolve) => (release = resolve));
      system.work({ ...testQueue, concurrency: 2 }, () => gate);
      await Promise.all([add(), add()]);
      await eventually(async () => (await read()).active === 2);
      await Promise.all([add(), add(), add({ priority: 5 }), add({ delay: 3_600_000 })]);
      const { depth, active, delayed } = await read();
      assert.deepEqual({ depth, active, delayed }, { depth: 3, active: 2, delayed: 1 });
      release();
      await eventually(async () => (await read()).depth === 0 && (await read()).active === 0);
      assert.equal((await read()).delayed, 1);
    });

    test('counts what waits in a queue that is paused', async () => {
      await add();
      await queue().pause();
      await add();
      clock.aheadMs = 60_000;
      const { depth, oldestWaitingSeconds } = await read();
      assert.equal(depth, 2);
      assert.ok(oldestWaitingSeconds >= 60);
      await queue().resume();
      assert.equal((await read()).depth, 2);
    });

    test('counts neither completed nor dead jobs', async () => {
      system.work(testQueue, ({ payload }) =>
        payload === 'die' ? Promise.reject(new Error('dead')) : Promise.resolve(),
      );
      await queue().add('test_job', 'live');
      await queue().add('test_job', 'die');
      await eventually(
        async () => (await queue().getFailedCount()) === 1 && (await queue().getCompletedCount()) === 1,
      );
      assert.deepEqual(await read(), IDLE);
    });

    test('has the age of the job that has waited longest', async () => {
      await add();
      clock.aheadMs = 60_000;
      await add({ timestamp: Date.now() + 50_000 });
      const { oldestWaitingSeconds } = await read();
      assert.ok(oldestWaitingSeconds >= 60 && oldestWaitingSeconds < 90, String(oldestWaitingSeconds));
    });

    test('has the age of a delayed job from when it was due', async () => {
      const job = await add({ delay: 100_000 });
      await job.promote();
      clock.aheadMs = 130_000;
      const { oldestWaitingSeconds } = await read();
      assert.ok(oldestWaitingSeconds >= 29 && oldestWaitingSeconds < 60, String(oldestWaitingSeconds));
    });

    test('has the age of a retried job from its last attempt, not from when it was made', async () => {
      const definition = { ...testQueue, attempts: 2, backoffMs: [60_000, 60_000] };
      const worker = system.work(definition, () => Promise.reject(new Error('again')));
      const { id } = await add({
        attempts: 2,
        backoff: { type: 'schedule' },
        timestamp: Date.now() - 500_000,
      });
      await eventually(async () => (await read()).delayed === 1);
      await worker.stop(1_000);
      await (await queue().getJob(id ?? ''))?.promote();
      const { oldestWaitingSeconds, depth } = await read();
      assert.equal(depth, 1);
      assert.ok(oldestWaitingSeconds < 60, String(oldestWaitingSeconds));
    });

    test('has the age of a job with a priority, when that has waited longest', async () => {
      await add({ priority: 3, timestamp: Date.now() - 100_000 });
      await add();
      const { oldestWaitingSeconds } = await read();
      assert.ok(oldestWaitingSeconds >= 99 && oldestWaitingSeconds < 130, String(oldestWaitingSeconds));
    });

    test('is in the gauges of every queue at each scrape', async () => {
      await add();
      observeQueues({ engine: system.engine, metrics: system.metrics, clock }, [
        testQueue.name,
        'other_queue',
      ]);
      assert.equal(await system.metric('fmhl_queue_depth{queue="test_queue"}'), 1);
      assert.equal(await system.metric('fmhl_queue_depth{queue="other_queue"}'), 0);
      assert.equal(await system.metric('fmhl_queue_active{queue="test_queue"}'), 0);
      assert.equal(await system.metric('fmhl_queue_delayed{queue="test_queue"}'), 0);
      assert.ok(((await system.metric('fmhl_queue_oldest_waiting_seconds{queue="test_queue"}')) ?? -1) >= 0);
    });

    test('says whether the queue is paused', async () => {
      observeQueues({ engine: system.engine, metrics: system.metrics, clock }, [testQueue.name]);
      const paused = (): Promise<number | null> => system.metric('fmhl_queue_paused{queue="test_queue"}');
      assert.equal(await paused(), 0);
      await queue().pause();
      await eventually(async () => (await paused()) === 1);
      await queue().resume();
      await eventually(async () => (await paused()) === 0);
    });

    test('has the number of jobs that workers here can run at once, until they stop', async () => {
      const capacity = (): Promise<number | null> =>
        system.metric('fmhl_worker_concurrency{queue="test_queue"}');
      assert.equal(await capacity(), 0);
      const worker = system.work({ ...testQueue, concurrency: 7 }, () => Promise.resolve());
      assert.equal(await capacity(), 7);
      await worker.stop(1_000);
      assert.equal(await capacity(), 0);
    });

    test('has settings that are safe, as they should be', async () => {
      observeEngine(system);
      assert.equal(await system.metric('fmhl_engine_unsafe_settings'), 0);
    });
  });
}

test('a Redis that starts to evict jobs is in the gauge until it is mended', async () => {
  const redis = await startRedis();
  const system = await createTestSystem('redis', { redisUrl: redis.url });
  const client = new Redis(redis.url);
  try {
    observeEngine(system);
    const unsafe = (): Promise<number | null> => system.metric('fmhl_engine_unsafe_settings');
    assert.equal(await unsafe(), 0);
    await client.config('SET', 'maxmemory-policy', 'allkeys-lru');
    await eventually(async () => (await unsafe()) === 1);
    await client.config('SET', 'maxmemory-policy', 'noeviction');
    await eventually(async () => (await unsafe()) === 0);
  } finally {
    client.disconnect();
    await system.close();
    await redis.stop();
  }
});
