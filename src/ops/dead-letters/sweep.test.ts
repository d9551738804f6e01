import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Redis } from 'ioredis';
import { sql } from 'kysely';
import { eventually } from '../../../test/helpers/eventually.ts';
import { testRedisUrl } from '../../../test/helpers/redis.ts';
import { createTestSystem, type TestSystem } from '../../../test/helpers/system.ts';
import { captureQueue } from './capture.ts';
import { createSetAside } from './set-aside.ts';
import { startCapture, sweep } from './sweep.ts';

const QUEUES = ['stormy', 'calm'];

let system: TestSystem;
let redis: Redis;
before(async () => {
  system = await createTestSystem('redis', { queues: QUEUES });
  redis = new Redis(await testRedisUrl());
});
after(async () => {
  redis.disconnect();
  await system.close();
});

/** Puts dead jobs into a queue's failed set as BullMQ leaves them there. */
async function die(queue: string, count: number, data = '{}'): Promise<void> {
  const { prefix = '' } = system.engine.queue(queue).opts;
  const pipeline = redis.pipeline();
  for (let n = 0; n < count; n += 1) {
    const finishedOn = String(Date.now() + n);
    const job = { name: 'job', data, opts: '{}', timestamp: finishedOn, finishedOn, attemptsMade: '1' };
    pipeline.hset(`${prefix}:${queue}:${queue}-${n}`, job);
    pipeline.zadd(`${prefix}:${queue}:failed`, finishedOn, `${queue}-${n}`);
  }
  await pipeline.exec();
}

const stored = async (queue: string): Promise<number> => {
  const { rows } = await sql<{ count: number }>`
    SELECT count(*)::int AS count FROM dead_letter_queue WHERE queue_name = ${queue}`.execute(system.db);
  return rows[0]?.count ?? 0;
};

test('a queue whose jobs die faster than they are captured does not keep the others waiting', async () => {
  await Promise.all([die('stormy', 10_700), die('calm', 1)]);
  const deps = { ...system, setAside: createSetAside(system) };
  const first = await captureQueue('stormy', deps, new AbortController().signal);
  assert.deepEqual(first, { captured: 10_000, more: true }, 'no more in one round');
  const loop = startCapture(QUEUES, deps);
  try {
    await eventually(async () => (await stored('stormy')) === 10_700 && (await stored('calm')) === 1, {
      what: 'the rest, and the other queue',
    });
    assert.equal(await system.engine.queue('stormy').getFailedCount(), 0);
  } finally {
    await loop.stop();
  }
});

test('dead jobs with large payloads are captured without pauses, 40 MB of them in a sweep', async () => {
  const jobs = 100;
  await die('calm', jobs, JSON.stringify({ text: 'x'.repeat(500_000) }));
  await sql`DELETE FROM dead_letter_queue`.execute(system.db);
  const deps = { ...system, setAside: createSetAside(system) };
  const round = () => sweep(QUEUES, deps, new AbortController().signal);
  assert.equal(await round(), 'again');
  const first = await stored('calm');
  assert.ok(first >= 80 && first < jobs, `${first} of them have 40 MB`);
  assert.equal(await round(), 'idle');
  assert.equal(await stored('calm'), jobs);
});
