/** "Label cardinality is bounded by definition": whatever comes from outside makes no series. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { adminToken } from '../../test/helpers/access.ts';
import { eventually } from '../../test/helpers/eventually.ts';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/postgres.ts';
import { startRole, type RunningRole } from '../../test/helpers/processes.ts';
import { testRedisUrl, uniquePrefix } from '../../test/helpers/redis.ts';
import { emailSend } from '../marketplace/email/queue.ts';
import { standingOptions } from '../ops/queues/job.ts';
import type { Engine } from '../platform/engine/engine.ts';
import { createRedisEngine } from '../platform/engine/redis.ts';

const DISTINCT = 10_000;
const WARM_UP = 50;
const AT_ONCE = 50;

let database: TestDatabase;
let engine: Engine;
let running: RunningRole;
let token: string;

before(async () => {
  database = await createTestDatabase();
  const [redisUrl, prefix] = [await testRedisUrl(), uniquePrefix()];
  running = await startRole('start', {
    env: {
      DATABASE_URL: database.url,
      REDIS_URL: redisUrl,
      FMHL_REDIS_PREFIX: prefix,
      FMHL_SHUTDOWN_DRAIN_MS: '0',
    },
  });
  engine = await createRedisEngine({ url: redisUrl, prefix, onError: () => undefined });
  token = await adminToken(database.db);
});
after(async () => {
  await engine.close();
  await running.stop();
  await database.drop();
});

/** Requests of paths, ids, methods and headers that nobody has sent before. */
async function strangeRequests(count: number): Promise<void> {
  let left = count;
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const id = randomUUID();
      const [path, method] = [
        [`/nowhere/${id}`, 'GET'],
        [`/api/v1/admin/queues/dlq/${id}`, 'GET'],
        [`/api/v1/admin/queues/dlq/${id}?q=${id}`, 'POST'],
        [`/api/v1/admin/audit?target_id=${id}`, 'GET'],
      ][left % 4] as [string, string];
      const headers = { authorization: `Bearer ${token}`, 'x-correlation-id': id, 'user-agent': id };
      const answer = await fetch(running.url + path, { method, headers });
      await answer.arrayBuffer();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

/** Jobs of ids, names and errors of their own: the payload's schema names the key that it does not know. */
async function strangeJobs(count: number): Promise<void> {
  for (let made = 0; made < count; made += 1_000) {
    const jobs = Array.from({ length: Math.min(1_000, count - made) }, () => ({
      name: `job ${randomUUID()}`,
      data: { [`key-${randomUUID()}`]: randomUUID() },
      opts: { jobId: randomUUID(), ...standingOptions(emailSend) },
    }));
    await engine.queue(emailSend.name).addBulk(jobs);
  }
}

async function exposition(): Promise<string[]> {
  const answer = await fetch(`${running.url}/metrics`);
  const lines = (await answer.text()).split('\n');
  // Node's own have a series for each kind of garbage collection, which come as they come.
  return lines.filter((line) => line !== '' && !/^(#|nodejs_gc_)/.test(line));
}

const captured = async (): Promise<number> => {
  const line = (await exposition()).find((text) =>
    text.startsWith('fmhl_dlq_captured_total{queue="email_send"}'),
  );
  return Number(line?.split(' ').at(-1));
};

test('ten thousand ids, paths, names and errors make no series', { timeout: 240_000 }, async () => {
  await Promise.all([strangeRequests(WARM_UP), strangeJobs(WARM_UP)]);
  await eventually(async () => (await captured()) === WARM_UP, { timeoutMs: 60_000 });
  const names = (lines: string[]): string[] =>
    lines.map((line) => line.slice(0, line.lastIndexOf(' '))).sort();
  const before = names(await exposition());
  await Promise.all([strangeRequests(DISTINCT), strangeJobs(DISTINCT)]);
  await eventually(async () => (await captured()) === WARM_UP + DISTINCT, {
    timeoutMs: 200_000,
    intervalMs: 250,
  });
  const after = names(await exposition());
  assert.deepEqual(
    after.filter((name) => !before.includes(name)),
    [],
  );
});
