import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { z } from 'zod';
import { correlationId } from '../../../contract/ids.ts';
import { eventually } from '../../../test/helpers/eventually.ts';
import { startRedis } from '../../../test/helpers/redis.ts';
import { createTestSystem, ENGINES, type TestSystem } from '../../../test/helpers/system.ts';
import { defineQueue } from './definition.ts';
import { buildJob, InvalidPayloadError, metaOf } from './job.ts';

const ID = correlationId.parse('8a5d0a3e-1111-4222-8333-444455556666');
const queue = defineQueue({
  name: 'test_queue',
  jobName: 'test_job',
  payload: z.strictObject({ to: z.email(), copies: z.number().default(1) }),
  attempts: 3,
  backoffMs: [1_000, 2_000, 3_000],
  timeoutMs: 10_000,
  concurrency: 1,
});
const payload = { to: 'a@example.com' };

for (const kind of ENGINES) {
  describe(`enqueueing on ${kind}`, () => {
    let system: TestSystem;
    beforeEach(async () => {
      system = await createTestSystem(kind);
    });
    afterEach(() => system.close());

    const counted = (name: string): Promise<number | null> => system.metric(`${name}{queue="test_queue"}`);
    const engineQueue = () => system.engine.queue(queue.name);

    test('puts the job into the queue as it was built, and counts it', async () => {
      const id = await system.producer.enqueue(queue, payload, { correlationId: ID });
      const job = await engineQueue().getJob(id);
      assert.ok(job);
      assert.equal(await job.getState(), 'waiting');
      assert.deepEqual([job.name, job.data], ['test_job', payload]);
      assert.equal(job.opts.attempts, 3);
      assert.deepEqual(metaOf(job), { correlation_id: ID, retry_of: null });
      assert.equal(await counted('fmhl_jobs_enqueued_total'), 1);
      const [line] = system.log.find('job_enqueued');
      assert.equal(line?.correlation_id, ID);
      assert.deepEqual(line.metadata, { queue: 'test_queue', job_id: id });
    });

    test('refuses an invalid payload before it reaches the engine, and never tells its values', async () => {
      const invalid = { to: 'secret value' };
      await assert.rejects(
        system.producer.enqueue(queue, invalid, { correlationId: ID }),
        (error) => error instanceof InvalidPayloadError && error.problems[0]?.field === 'to',
      );
      assert.deepEqual(await engineQueue().getJobCounts('waiting', 'delayed', 'active'), {
        waiting: 0,
        delayed: 0,
        active: 0,
      });
      assert.equal(await counted('fmhl_jobs_refused_total'), 1);
      assert.equal(await counted('fmhl_jobs_enqueued_total'), 0);
      assert.deepEqual(system.log.find('job_refused')[0]?.metadata, { queue: 'test_queue', fields: ['to'] });
      assert.ok(!system.log.text().includes('secret value'));
    });

    test('delays a job that is to start later', async () => {
      const id = await system.producer.enqueue(queue, payload, { correlationId: null, delayMs: 60_000 });
      const job = await engineQueue().getJob(id);
      assert.equal(await job?.getState(), 'delayed');
      assert.equal(job?.delay, 60_000);
    });

    test('twice under one id makes one job', async () => {
      const options = { correlationId: null, jobId: 'only-one' };
      await system.producer.enqueue(queue, payload, options);
      await system.producer.enqueue(queue, { to: 'b@example.com' }, options);
      const waiting = await engineQueue().getWaiting();
      assert.deepEqual(
        waiting.map(({ id, data }) => [id, data]),
        [['only-one', payload]],
      );
    });

    test('hands over many jobs at once, those of known ids only once', async () => {
      const jobs = Array.from({ length: 50 }, (_, n) =>
        buildJob(queue, payload, { correlationId: null, jobId: `job-${n}` }),
      );
      await system.producer.deliver(queue.name, jobs);
      await system.producer.deliver(queue.name, jobs.slice(0, 10));
      assert.equal(await engineQueue().getWaitingCount(), 50);
    });
  });
}

test('enqueueing fails within a bounded time when Redis hangs or is gone, and works when it is back', async () => {
  const redis = await startRedis();
  const system = await createTestSystem('redis', { redisUrl: redis.url });
  const enqueue = (): Promise<string> => system.producer.enqueue(queue, payload, { correlationId: null });
  try {
    await enqueue();
    for (const [breakIt, mendIt] of [
      [redis.pause, redis.resume],
      [redis.kill9, redis.restart],
    ] as const) {
      await breakIt();
      const started = performance.now();
      await assert.rejects(enqueue());
      assert.ok(performance.now() - started < 10_000);
      await mendIt();
      const id = await eventually(enqueue);
      assert.ok(await system.engine.queue(queue.name).getJob(id));
    }
    assert.equal(await system.metric('fmhl_jobs_enqueued_total{queue="test_queue"}'), 3);
  } finally {
    redis.resume();
    await system.close();
    await redis.stop();
  }
});
