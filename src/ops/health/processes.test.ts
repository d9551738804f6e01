import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { sql } from 'kysely';
import type { ReadyResponse } from '../../../contract/health.ts';
import { processesResponse, type ProcessesResponse } from '../../../contract/processes.ts';
import { type TestApi, useTestApi } from '../../../test/helpers/api.ts';
import { eventually } from '../../../test/helpers/eventually.ts';
import { startRole } from '../../../test/helpers/processes.ts';
import { testRedisUrl, uniquePrefix } from '../../../test/helpers/redis.ts';
import type { TestSystem } from '../../../test/helpers/system.ts';
import { startHeartbeat, type HeartbeatLoop } from './heartbeat.ts';
import { forgetProcesses, writeHeartbeat, type ProcessIdentity } from './process-store.ts';
import { readProcesses } from './processes.ts';

let system: TestSystem;
let api: TestApi;
useTestApi((made) => ({ system, api } = made));

const identity = (id: string): ProcessIdentity => ({
  id,
  role: 'worker',
  host: 'host',
  pid: 1,
  version: '1.2.3',
  startedAt: new Date(),
});
const up = { status: 'up' } as const;
const READY: ReadyResponse = { status: 'ready', checks: { database: up, redis: up, queue: up } };

describe('the processes of the fleet', () => {
  let running: HeartbeatLoop[] = [];
  beforeEach(() => sql`TRUNCATE processes`.execute(system.db));
  afterEach(async () => {
    await Promise.all(running.map((heartbeat) => heartbeat.stop()));
    running = [];
  });

  const start = (given: Partial<ProcessIdentity> = {}, ready: () => ReadyResponse = () => READY) => {
    const heartbeat = startHeartbeat({
      ...system,
      readiness: { check: () => Promise.resolve(ready()), stopping: () => undefined },
      identity: { ...identity(randomUUID()), ...given },
      queues: () => ({ test_queue: 5 }),
      everyMs: 20,
    });
    running.push(heartbeat);
    return heartbeat;
  };
  const listed = (): Promise<ProcessesResponse['processes']> => readProcesses(system.db);
  const age = (id: string, seconds: number) =>
    sql`UPDATE processes SET seen_at = now() - ${seconds}::float8 * interval '1 second' WHERE id = ${id}`.execute(
      system.db,
    );

  test('are listed with what each is and serves, and are fresh', async () => {
    start({ role: 'housekeeping', host: 'two', pid: 42 });
    const [only] = await eventually(async () => ((await listed()).length === 1 ? listed() : undefined));
    assert.deepEqual(
      [only?.role, only?.host, only?.pid, only?.version, only?.queues, only?.state, only?.reasons],
      ['housekeeping', 'two', 42, '1.2.3', [{ name: 'test_queue', concurrency: 5 }], 'ready', []],
    );
    await eventually(async () => ((await listed())[0]?.seen_at ?? '') > (only?.seen_at ?? ''));
  });

  test('say why they are not ready', async () => {
    let answer: ReadyResponse = {
      status: 'unavailable',
      checks: { ...READY.checks, redis: { status: 'down', reason: 'connection refused' } },
    };
    start({}, () => answer);
    const one = () => eventually(async () => (await listed())[0]);
    assert.deepEqual(
      [(await one()).state, (await one()).reasons],
      ['not_ready', ['redis: connection refused']],
    );
    answer = READY;
    await eventually(async () => (await one()).state === 'ready');
    answer = { ...READY, status: 'stopping' };
    await eventually(async () => (await one()).reasons[0] === 'it is stopping');
  });

  test('are lost after 30 s of silence, first in the list, and forgotten after 15 minutes', async () => {
    const [ready, lost, old] = [randomUUID(), randomUUID(), randomUUID()];
    for (const id of [ready, lost, old]) {
      await writeHeartbeat(system.db, { ...identity(id), queues: {}, ready: true, reasons: [] });
    }
    await age(ready, 29);
    await age(lost, 31);
    await age(old, 899);
    const states = async () => (await listed()).map(({ id, state }) => [id, state]);
    assert.deepEqual((await states()).at(-1), [ready, 'ready']);
    assert.deepEqual(new Map((await states()) as [string, string][]).get(lost), 'lost');
    await forgetProcesses(system.db);
    assert.equal((await listed()).length, 3);
    await age(old, 901);
    assert.equal((await listed()).length, 2);
    await forgetProcesses(system.db);
    const { rows } = await sql`SELECT id FROM processes`.execute(system.db);
    assert.equal(rows.length, 2);
  });

  test('take themselves off the list when they stop in order', async () => {
    const heartbeat = start();
    await eventually(async () => (await listed()).length === 1);
    await heartbeat.stop();
    assert.deepEqual(await listed(), []);
    running = [];
  });
});

test('a process of the product is listed while it runs, taken off when it stops, and stays when it is killed', async () => {
  await sql`TRUNCATE processes`.execute(system.db);
  const env = {
    DATABASE_URL: system.database.url,
    REDIS_URL: await testRedisUrl(),
    FMHL_REDIS_PREFIX: uniquePrefix(),
    FMHL_SHUTDOWN_DRAIN_MS: '0',
  };
  const args = ['--queues', 'email_send,scheduled'];
  const worker = await startRole('worker', { env, args });
  const api2 = await startRole('api', { env });
  try {
    const all = await eventually(async () => {
      const processes = await readProcesses(system.db);
      return processes.length === 2 && processes.every(({ state }) => state === 'ready')
        ? processes
        : undefined;
    });
    assert.deepEqual(
      all.map(({ role, pid, queues }) => [role, pid, queues.map(({ name }) => name).sort()]),
      [
        ['api', api2.pid, []],
        ['worker', worker.pid, ['email_send', 'scheduled']],
      ],
    );
    await worker.stop();
    await api2.kill9();
    assert.deepEqual(
      (await readProcesses(system.db)).map(({ pid }) => pid),
      [api2.pid],
    );
    const { status, body } = await api.call('GET', '/api/v1/admin/processes');
    assert.deepEqual([status, processesResponse.parse(body).processes.length], [200, 1]);
  } finally {
    await worker.kill9();
    await api2.kill9();
  }
});
