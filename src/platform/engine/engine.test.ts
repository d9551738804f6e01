import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/postgres.ts';
import { eventually } from '../../../test/helpers/eventually.ts';
import { testRedisUrl, uniquePrefix } from '../../../test/helpers/redis.ts';
import { ENGINES } from '../../../test/helpers/system.ts';
import { omit } from '../collections.ts';
import { optionsOf, type Engine, type EngineJob } from './engine.ts';
import { createPostgresEngine } from './postgres.ts';
import { createRedisEngine } from './redis.ts';

const onError = (): void => undefined;

for (const kind of ENGINES) {
  describe(`the engine on ${kind}`, () => {
    let database: TestDatabase;
    let prefix: string;
    let engine: Engine;
    beforeEach(async () => {
      database = await createTestDatabase();
      prefix = uniquePrefix();
      engine = await open();
    });
    afterEach(async () => {
      await engine.close();
      await database.drop();
    });

    async function open(): Promise<Engine> {
      return kind === 'redis'
        ? createRedisEngine({ url: await testRedisUrl(), prefix, onError })
        : createPostgresEngine({ connectionString: database.url, workers: 2, onError });
    }

    /** A job that has failed for good. */
    async function deadJob(jobId: string): Promise<EngineJob> {
      const queue = engine.queue('test_queue');
      await queue.add('test', { n: 1 }, { jobId, attempts: 1 });
      const worker = engine.worker('test_queue', () => Promise.reject(new Error('dead')), {});
      worker.run().catch(() => undefined);
      await eventually(async () => (await (await queue.getJob(jobId))?.getState()) === 'failed');
      await worker.close();
      const job = await queue.getJob(jobId);
      assert.ok(job);
      return job;
    }

    test('names itself, answers a ping, and finds its settings safe', async () => {
      assert.equal(engine.kind, kind);
      await engine.ping();
      assert.equal(await engine.unsafeSettings(), null);
    });

    test('gives one handle for a queue, however often it is asked', () => {
      assert.equal(engine.queue('test_queue'), engine.queue('test_queue'));
      assert.notEqual(engine.queue('test_queue'), engine.queue('other_queue'));
    });

    test('shows the jobs of one process to all others', async () => {
      const other = await open();
      await engine.queue('test_queue').add('test', { n: 1 }, { jobId: 'shared' });
      assert.deepEqual((await other.queue('test_queue').getJob('shared'))?.data, { n: 1 });
      await other.close();
    });

    test('removes dead jobs, of which nothing is left', async () => {
      const job = await deadJob('dead-1');
      await job.log('a line of its log');
      const finishedOn = job.finishedOn ?? 0;
      assert.equal(await engine.removeFailed('test_queue', [{ id: 'dead-1', finishedOn }]), 1);
      assert.equal(await engine.queue('test_queue').getJob('dead-1'), undefined);
      assert.equal(await engine.queue('test_queue').getFailedCount(), 0);
      if (kind === 'redis') {
        const redis = new Redis(await testRedisUrl());
        const left = await redis.keys(`${prefix}:*dead-1*`);
        redis.disconnect();
        assert.deepEqual(left, []);
      }
      // The id is free again.
      await engine.queue('test_queue').add('test', { n: 2 }, { jobId: 'dead-1' });
      assert.equal(await engine.queue('test_queue').getWaitingCount(), 1);
    });

    test('removes several, and says how many', async () => {
      const refs = [];
      for (const id of ['dead-1', 'dead-2'])
        refs.push({ id, finishedOn: (await deadJob(id)).finishedOn ?? 0 });
      refs.push({ id: 'unknown', finishedOn: 1 });
      assert.equal(await engine.removeFailed('test_queue', refs), 2);
      assert.equal(await engine.removeFailed('test_queue', refs), 0);
      assert.equal(await engine.removeFailed('test_queue', []), 0);
    });

    test('leaves a job alone that died at another time, or is not dead any more', async () => {
      const job = await deadJob('dead-1');
      const ref = { id: 'dead-1', finishedOn: job.finishedOn ?? 0 };
      assert.equal(await engine.removeFailed('test_queue', [{ ...ref, finishedOn: ref.finishedOn - 1 }]), 0);
      assert.equal(await job.getState(), 'failed');
      await job.retry('failed');
      assert.equal(await engine.removeFailed('test_queue', [ref]), 0);
      assert.equal(await job.getState(), 'waiting');
      assert.deepEqual((await engine.queue('test_queue').getJob('dead-1'))?.data, { n: 1 });
    });

    test('leaves a job alone that was completed at that time', async () => {
      const queue = engine.queue('test_queue');
      await queue.add('test', {}, { jobId: 'done' });
      const worker = engine.worker('test_queue', () => Promise.resolve(), {});
      worker.run().catch(() => undefined);
      const find = () => queue.getJob('done');
      await eventually(async () => (await (await find())?.getState()) === 'completed');
      await worker.close();
      const finishedOn = (await find())?.finishedOn ?? 0;
      assert.ok(finishedOn > 0);
      assert.equal(await engine.removeFailed('test_queue', [{ id: 'done', finishedOn }]), 0);
      assert.ok(await find());
    });

    test('leaves the same job of another queue alone', async () => {
      const job = await deadJob('dead-1');
      const ref = { id: 'dead-1', finishedOn: job.finishedOn ?? 0 };
      assert.equal(await engine.removeFailed('other_queue', [ref]), 0);
      assert.equal(await job.getState(), 'failed');
    });

    test('tells the states of many jobs at once, and leaves out those that it does not have', async () => {
      await deadJob('job-failed');
      const queue = engine.queue('test_queue');
      await queue.add('test', {}, { jobId: 'job-completed' });
      const worker = engine.worker('test_queue', () => Promise.resolve(), {});
      worker.run().catch(() => undefined);
      await eventually(async () => (await (await queue.getJob('job-completed'))?.getState()) === 'completed');
      await worker.close();
      await queue.add('test', {}, { jobId: 'job-waiting' });
      await queue.add('test', {}, { jobId: 'job-delayed', delay: 60_000 });
      await queue.add('test', {}, { jobId: 'job-prioritized', priority: 3 });
      const ids = ['job-failed', 'unknown', 'job-completed', 'job-waiting', 'job-delayed', 'job-prioritized'];
      assert.deepEqual([...(await engine.statesOf('test_queue', ids))].sort(), [
        ['job-completed', 'completed'],
        ['job-delayed', 'open'],
        ['job-failed', 'failed'],
        ['job-prioritized', 'open'],
        ['job-waiting', 'open'],
      ]);
      assert.deepEqual([...(await engine.statesOf('other_queue', ids))], []);
      assert.deepEqual([...(await engine.statesOf('test_queue', []))], []);
    });

    test('gives jobs as they are stored, in the order of the ids, and leaves out those that it does not have', async () => {
      const dead = await deadJob('dead-1');
      await engine.queue('test_queue').add('other', { n: 2 }, { jobId: 'waiting-1' });
      const { jobs, read } = await engine.storedJobs('test_queue', ['waiting-1', 'unknown', 'dead-1']);
      assert.equal(read, 3);
      assert.deepEqual(
        jobs.map(({ id, name, data }) => [id, name, JSON.parse(data) as unknown]),
        [
          ['waiting-1', 'other', { n: 2 }],
          ['dead-1', 'test', { n: 1 }],
        ],
      );
      const [waiting, stored] = jobs;
      assert.ok(waiting && stored);
      assert.ok(!(waiting.finishedOn > 0));
      assert.equal(stored.finishedOn, dead.finishedOn);
      assert.equal(stored.attemptsMade, 1);
      assert.equal(stored.failedReason, 'dead');
      assert.deepEqual(JSON.parse(stored.stacktrace ?? ''), dead.stacktrace);
      assert.deepEqual(optionsOf(stored), omit(dead.opts, ['backoff']));
      assert.deepEqual(await engine.storedJobs('test_queue', []), { jobs: [], read: 0 });
    });

    test('ends an answer after the job with which it has 4 MB, and goes on behind it', async () => {
      const queue = engine.queue('test_queue');
      const ids = ['large-1', 'large-2', 'large-3', 'small'];
      for (const jobId of ids) {
        await queue.add('test', { text: 'x'.repeat(jobId === 'small' ? 1 : 3_000_000) }, { jobId });
      }
      const first = await engine.storedJobs('test_queue', ['unknown', ...ids]);
      assert.deepEqual([first.jobs.map(({ id }) => id), first.read], [['large-1', 'large-2'], 3]);
      const rest = await engine.storedJobs('test_queue', ids.slice(2));
      assert.deepEqual([rest.jobs.map(({ id }) => id), rest.read], [['large-3', 'small'], 2]);
    });

    test('answers no more when it is closed', async () => {
      const other = await open();
      other.queue('test_queue');
      await other.close();
      await assert.rejects(other.ping());
    });
  });
}

test('engines of several processes may start at once on an empty PostgreSQL', async () => {
  const database = await createTestDatabase();
  const open = () => createPostgresEngine({ connectionString: database.url, workers: 1, onError });
  const engines = await Promise.all([open(), open(), open(), open()]);
  await Promise.all(engines.map((engine) => engine.ping()));
  await Promise.all(engines.map((engine) => engine.close()));
  await database.drop();
});
