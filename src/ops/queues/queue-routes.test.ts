import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { sql } from 'kysely';
import type { z } from 'zod';
import {
  overviewResponse,
  queueDetail,
  queueJobsResponse,
  type QueueJobsResponse,
} from '../../../contract/queues.ts';
import { createTestApi, type TestApi } from '../../../test/helpers/api.ts';
import { eventually } from '../../../test/helpers/eventually.ts';
import { makeDeadLetters } from '../../../test/factories/dead-letters.ts';
import { startRedis, testRedisUrl } from '../../../test/helpers/redis.ts';
import { createTestSystem, ENGINES, testQueue, type TestSystem } from '../../../test/helpers/system.ts';
import { writeHeartbeat, type Heartbeat } from '../health/process-store.ts';
import { defineQueue } from './definition.ts';
import { workerNameOf } from './fleet.ts';
import { MASKED } from './masking.ts';
import { DEFAULT_WORKER_SETTINGS, startWorker } from './worker.ts';

/** With personal data, so that there is something to mask. */
const personalQueue = defineQueue({
  ...testQueue,
  name: 'personal_queue',
  personal: ['to', 'people.*.name'],
});
const PATH = '/api/v1/admin/queues';

for (const kind of ENGINES) {
  describe(`the pages of queues on ${kind}`, () => {
    let system: TestSystem;
    let api: TestApi;
    before(async () => {
      system = await createTestSystem(kind, { queues: [testQueue.name, personalQueue.name] });
      api = await createTestApi(system, [testQueue, personalQueue]);
    });
    after(async () => {
      await api.close();
      await system.close();
    });
    beforeEach(async () => {
      for (const { name } of [testQueue, personalQueue]) {
        await eventually(async () => (await system.engine.queue(name).getActiveCount()) === 0);
        await system.engine.queue(name).pause();
        await system.engine.queue(name).obliterate({ force: true });
        await system.engine.queue(name).resume();
      }
      await sql`TRUNCATE processes`.execute(system.db);
    });

    const queue = (name = testQueue.name) => system.engine.queue(name);
    const get = async <T extends z.ZodType>(url: string, schema: T): Promise<z.output<T>> => {
      const { status, body } = await api.call('GET', url);
      assert.equal(status, 200, JSON.stringify(body));
      return schema.parse(body);
    };
    const jobs = (query: string, name = testQueue.name): Promise<QueueJobsResponse> =>
      get(`${PATH}/${name}/jobs?${query}`, queueJobsResponse);
    const ids = async (query: string): Promise<string[]> => (await jobs(query)).jobs.map(({ id }) => id);
    const process = (given: Partial<Heartbeat> = {}): Heartbeat => ({
      ...{ id: randomUUID(), role: 'worker', host: 'one', pid: 7, version: '1.2.3', startedAt: new Date() },
      ...{ queues: { [testQueue.name]: 5 }, ready: true, reasons: [] },
      ...given,
    });

    test('the overview has every queue with its jobs, its dead letters and the live processes that serve it', async () => {
      await makeDeadLetters(system.db, [{ queueName: 'gone_queue' }]);
      await queue().add('test_job', {}, { delay: 60_000 });
      await queue(personalQueue.name).add('test_job', {});
      await queue(personalQueue.name).pause();
      await writeHeartbeat(system.db, process());
      await writeHeartbeat(system.db, process({ ready: false, reasons: ['database: down'] }));
      const dead = process();
      await writeHeartbeat(system.db, dead);
      await sql`UPDATE processes SET seen_at = now() - interval '31 seconds' WHERE id = ${dead.id}`.execute(
        system.db,
      );
      const { queues } = await get('/api/v1/admin/overview', overviewResponse);
      const [first, second, gone] = queues;
      assert.deepEqual(
        queues.map(({ name, defined }) => [name, defined]),
        [
          [testQueue.name, true],
          [personalQueue.name, true],
          ['gone_queue', false],
        ],
      );
      assert.deepEqual([first?.depth, first?.delayed, first?.paused, first?.workers], [0, 1, false, 2]);
      assert.deepEqual([second?.depth, second?.delayed, second?.paused, second?.workers], [1, 0, true, 0]);
      assert.ok((second?.oldest_waiting_seconds ?? 0) > 0);
      assert.equal(gone?.dlq_size, 1);
    });

    test('a queue shows its definition, its workers with what they run, and running jobs that nobody has', async () => {
      let release: () => void = () => undefined;
      const gate = new Promise<void>((resolve) => (release = resolve));
      const beat = process();
      await writeHeartbeat(system.db, beat);
      const deps = { ...system, workerName: workerNameOf(beat), settings: DEFAULT_WORKER_SETTINGS };
      const worker = startWorker(testQueue, () => gate, deps);
      await queue().add('test_job', {}, { jobId: 'runs' });
      const detail = await eventually(async () => {
        const answer = await get(`${PATH}/${testQueue.name}`, queueDetail);
        return answer.state.active === 1 ? answer : undefined;
      });
      assert.equal(detail.definition.timeout_ms, testQueue.timeoutMs);
      assert.deepEqual([detail.pause, detail.problem, detail.orphaned], [null, null, []]);
      const [only] = detail.workers;
      assert.deepEqual([only?.host, only?.pid, only?.state, only?.concurrency], ['one', 7, 'ready', 5]);
      assert.deepEqual(
        only?.active.map(({ id, name }) => [id, name]),
        [['runs', 'test_job']],
      );
      assert.ok(Math.abs(Date.parse(only.active[0]?.since ?? '') - Date.now()) < 60_000);

      await sql`TRUNCATE processes`.execute(system.db);
      const { workers, orphaned } = await get(`${PATH}/${testQueue.name}`, queueDetail);
      assert.deepEqual([workers, orphaned.map(({ id }) => id)], [[], ['runs']]);
      release();
      await worker.stop(5_000);
    });

    test('a queue that is not defined has no page, no jobs and no pause', async () => {
      for (const path of ['', '/jobs']) {
        assert.equal((await api.call('GET', `${PATH}/unknown${path}`)).status, 404);
      }
      for (const verb of ['pause', 'resume']) {
        const answer = await api.call('POST', `${PATH}/unknown/${verb}`, { body: { reason: 'because' } });
        assert.equal(answer.status, 404);
      }
    });

    test('waiting jobs are listed in the order in which they run, those with a priority last, page by page', async () => {
      for (const jobId of ['a', 'b', 'c']) await queue().add('test_job', {}, { jobId });
      for (const priority of [7, 2]) await queue().add('test_job', {}, { jobId: `p${priority}`, priority });
      assert.deepEqual(await ids('state=waiting'), ['a', 'b', 'c', 'p2', 'p7']);
      assert.deepEqual(await ids('state=waiting&limit=2&page=1'), ['a', 'b']);
      assert.deepEqual(await ids('state=waiting&limit=2&page=2'), ['c', 'p2']);
      const last = await jobs('state=waiting&limit=2&page=3');
      assert.deepEqual(
        last.jobs.map(({ id, priority }) => [id, priority]),
        [['p7', 7]],
      );
      assert.deepEqual(last.pagination, { page: 3, limit: 2, total: 5, total_pages: 3 });
      assert.deepEqual(await ids('state=waiting&limit=2&page=4'), []);
    });

    test('delayed jobs are listed with when they run, the next first', async () => {
      const now = Date.now();
      for (const delay of [300_000, 100_000]) {
        await queue().add('test_job', {}, { jobId: `in-${delay}`, delay, timestamp: now });
      }
      const { jobs: listed } = await jobs('state=delayed');
      assert.deepEqual(
        listed.map(({ id, runs_at }) => [id, Date.parse(runs_at ?? '') - now]),
        [
          ['in-100000', 100_000],
          ['in-300000', 300_000],
        ],
      );
      assert.deepEqual([listed[0]?.created_at, listed[0]?.failed_at], [new Date(now).toISOString(), null]);
    });

    test('running and dead jobs are listed, the latest first, with when and why', async () => {
      let release: () => void = () => undefined;
      const gate = new Promise<void>((resolve) => (release = resolve));
      const worker = system.work({ ...testQueue, concurrency: 1 }, async ({ id }) => {
        if (id === 'runs') await gate;
        throw new Error(`died of ${id}`);
      });
      const correlation = randomUUID();
      const options = { jobId: 'dies', fmhl: { correlation_id: correlation, retry_of: null } };
      await queue().add('test_job', {}, options);
      await queue().add('test_job', {}, { jobId: 'dies-too' });
      await queue().add('test_job', {}, { jobId: 'runs' });
      await eventually(async () => (await ids('state=active'))[0] === 'runs');
      const { jobs: dead } = await jobs('state=failed');
      assert.deepEqual(
        dead.map(({ id, error_message, attempts_made }) => [id, error_message, attempts_made]),
        [
          ['dies-too', 'died of dies-too', 1],
          ['dies', 'died of dies', 1],
        ],
      );
      assert.equal(dead[1]?.correlation_id, correlation);
      assert.ok(Math.abs(Date.parse(dead[0]?.failed_at ?? '') - Date.now()) < 60_000);
      assert.ok(Math.abs(Date.parse(dead[0]?.started_at ?? '') - Date.now()) < 60_000);
      release();
      await worker.stop(5_000);
    });

    test('personal fields are masked, and what an error message quotes of them', async () => {
      const worker = system.work(personalQueue, () => Promise.reject(new Error('no box of Ada Lovelace')));
      const payload = { to: 'ada@example.com', people: [{ name: 'Ada Lovelace', age: 36 }] };
      await queue(personalQueue.name).add('test_job', payload, { jobId: 'secret' });
      await eventually(async () => (await queue(personalQueue.name).getFailedCount()) === 1);
      const [job] = (await jobs('state=failed', personalQueue.name)).jobs;
      assert.deepEqual(job?.payload, { to: MASKED, people: [{ name: MASKED, age: 36 }] });
      assert.equal(job.error_message, `no box of ${MASKED}`);
      await worker.stop(1_000);
    });

    test('a payload of more than 64 kB is left out, and no message that may quote it is shown', async () => {
      const name = personalQueue.name;
      const worker = system.work(personalQueue, () => Promise.reject(new Error('quotes Ada Lovelace')));
      // Hard to compress, as texts of people are.
      const text = Array.from({ length: 3_000 }, () => randomUUID()).join('');
      await queue(name).add('test_job', { text }, { jobId: 'large' });
      await eventually(async () => (await queue(name).getFailedCount()) === 1);
      const [job] = (await jobs('state=failed', name)).jobs;
      assert.deepEqual([job?.payload, job?.payload_omitted, job?.error_message], [null, true, MASKED]);
      await worker.stop(1_000);
      await queue().add('test_job', { text: 'x'.repeat(60_000) }, { jobId: 'small' });
      assert.equal((await jobs('state=waiting')).jobs[0]?.payload_omitted, false);
    });

    test('a page is refused that is too deep, too long, or of a state that there is not', async () => {
      for (const query of ['page=100001&limit=100', 'limit=101', 'limit=0', 'page=0', 'state=completed']) {
        const { status } = await api.call('GET', `${PATH}/${testQueue.name}/jobs?${query}`);
        assert.equal(status, 400, query);
      }
    });
  });
}

test('a payload that is nested too deeply for an answer is shown as text', async () => {
  const system = await createTestSystem('redis');
  const api = await createTestApi(system);
  const redis = new Redis(await testRedisUrl());
  try {
    const jobId = `deep-${randomUUID()}`;
    await system.engine.queue(testQueue.name).add('test_job', {}, { jobId });
    const data = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    for (const key of await redis.keys(`*:${testQueue.name}:${jobId}`)) await redis.hset(key, { data });
    const { status, body } = await api.call('GET', `${PATH}/${testQueue.name}/jobs`);
    assert.equal(status, 200);
    assert.deepEqual(queueJobsResponse.parse(body).jobs[0]?.payload, data);
  } finally {
    redis.disconnect();
    await api.close();
    await system.close();
  }
});

test('while the engine hangs its pages are 503 with the time to come back, within the deadline', async () => {
  const redis = await startRedis();
  const system = await createTestSystem('redis', { redisUrl: redis.url });
  const api = await createTestApi(system);
  try {
    redis.pause();
    for (const path of ['/api/v1/admin/overview', `${PATH}/test_queue`, `${PATH}/test_queue/jobs`]) {
      const started = performance.now();
      const { status, headers } = await api.call('GET', path);
      assert.deepEqual([status, headers['retry-after']], [503, '1'], path);
      assert.ok(performance.now() - started < 4_500, path);
    }
  } finally {
    redis.resume();
    await api.close();
    await system.close();
    await redis.stop();
  }
});
