import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { sql } from 'kysely';
import { UnrecoverableError } from '../../platform/engine/engine.ts';
import { capture, captureDeps, deadLetterRows, rewriteJob } from '../../../test/helpers/capture.ts';
import { eventually } from '../../../test/helpers/eventually.ts';
import { testRedisUrl } from '../../../test/helpers/redis.ts';
import { createTestSystem, testQueue, type TestSystem } from '../../../test/helpers/system.ts';
import { startCapture } from './sweep.ts';

const QUEUE = testQueue.name;

describe('a dead job that cannot be read or stored', () => {
  let system: TestSystem;
  before(async () => {
    system = await createTestSystem('redis');
    system.work(testQueue, () => Promise.reject(new UnrecoverableError('dead')));
  });
  after(() => system.close());

  test('a job that cannot be stored is set aside, counted, and does not hold up those behind it', async () => {
    const queue = system.engine.queue(QUEUE);
    await queue.add('test_job', { n: 1 }, { jobId: 'broken-data', attempts: 1 });
    await eventually(async () => (await queue.getFailedCount()) === 1);
    await rewriteJob('broken-data', 'data', '{not json');
    await queue.add('test_job', { n: 2 }, { jobId: 'behind-it', attempts: 1 });
    await eventually(async () => (await queue.getFailedCount()) === 2);

    const deps = captureDeps(system);
    assert.equal(await capture(system, deps), 1);
    assert.deepEqual(
      (await deadLetterRows(system)).map((row) => row.job_id),
      ['behind-it'],
    );
    assert.equal(await queue.getFailedCount(), 1, 'the broken one stays in the engine');
    assert.equal(await system.metric(`fmhl_dlq_set_aside{queue="${QUEUE}"}`), 1);
    const logged = system.log.find('dead_letter_set_aside').length;
    assert.equal(logged, 1);
    await capture(system, deps);
    assert.equal(system.log.find('dead_letter_set_aside').length, logged, 'not tried again at once');

    // Mended, it is captured at its next try.
    await rewriteJob('broken-data', 'data', '{"n":1}');
    assert.equal(await capture(system), 1);
    assert.equal(await queue.getFailedCount(), 0);
    await sql`DELETE FROM dead_letter_queue`.execute(system.db);
  });

  test('a job whose key holds something else is set aside like any other that cannot be read', async () => {
    const queue = system.engine.queue(QUEUE);
    for (const jobId of ['other-type', 'behind-it']) {
      await queue.add('test_job', {}, { jobId, attempts: 1 });
      await eventually(async () => (await (await queue.getJob(jobId))?.getState()) === 'failed');
    }
    const redis = new Redis(await testRedisUrl());
    const [key = ''] = await redis.keys(`*:${QUEUE}:other-type`);
    await redis.del(key);
    await redis.set(key, 'a text');
    assert.equal(await capture(system), 1);
    assert.equal((await deadLetterRows(system))[0]?.job_id, 'behind-it');
    assert.equal(await system.metric(`fmhl_dlq_set_aside{queue="${QUEUE}"}`), 1);
    await redis.zrem(key.replace(/other-type$/, 'failed'), 'other-type');
    redis.disconnect();
    await sql`DELETE FROM dead_letter_queue`.execute(system.db);
  });

  test('a job whose options are none is set aside like any other that cannot be read', async () => {
    const queue = system.engine.queue(QUEUE);
    for (const jobId of ['no-options', 'behind-it']) {
      await queue.add('test_job', {}, { jobId, attempts: 1 });
      await eventually(async () => (await (await queue.getJob(jobId))?.getState()) === 'failed');
    }
    await rewriteJob('no-options', 'opts', 'null');
    assert.equal(await capture(system), 1);
    assert.equal((await deadLetterRows(system))[0]?.job_id, 'behind-it');
    assert.equal(await queue.getFailedCount(), 1, 'the broken one stays in the engine');

    await rewriteJob('no-options', 'opts', '{"attempts":1}');
    assert.equal(await capture(system), 1);
    await sql`DELETE FROM dead_letter_queue`.execute(system.db);
  });

  test('a job that the engine has lost is set aside', async () => {
    const redis = new Redis(await testRedisUrl());
    const queue = system.engine.queue(QUEUE);
    await redis.zadd(`${queue.opts.prefix ?? ''}:${QUEUE}:failed`, Date.now(), 'lost');
    assert.equal(await capture(system), 0);
    const reasons = system.log.find('dead_letter_set_aside').map(({ metadata }) => metadata);
    assert.deepEqual(
      [reasons.at(-1)?.job_id, reasons.at(-1)?.reason],
      ['lost', 'the engine has lost its data'],
    );
    await redis.zrem(`${queue.opts.prefix ?? ''}:${QUEUE}:failed`, 'lost');
    redis.disconnect();
  });
});

test('a process that captures no more says nothing of jobs that wait for another', async () => {
  const system = await createTestSystem('redis');
  const capture = startCapture([QUEUE], captureDeps(system));
  try {
    const queue = system.engine.queue(QUEUE);
    system.work(testQueue, async () => {
      await rewriteJob('unreadable', 'data', '{not json');
      throw new UnrecoverableError('dead');
    });
    await queue.add('test_job', {}, { jobId: 'unreadable', attempts: 1 });
    const gauge = `fmhl_dlq_set_aside{queue="${QUEUE}"}`;
    await eventually(async () => (await system.metric(gauge)) === 1);
    await capture.stop();
    assert.equal(await system.metric(gauge), 0);
    assert.equal(await system.metric(`fmhl_dlq_capture_lag_seconds{queue="${QUEUE}"}`), 0);
  } finally {
    await capture.stop();
    await system.close();
  }
});
