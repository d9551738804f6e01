import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import type pg from 'pg';
import { readyResponse, type ReadyResponse } from '../../../contract/health.ts';
import { eventually } from '../../../test/helpers/eventually.ts';
import { startHttpServer, type ListeningServer } from '../../../test/helpers/http-server.ts';
import { captureLog } from '../../../test/helpers/log.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/postgres.ts';
import { startRedis, uniquePrefix, type RedisServer } from '../../../test/helpers/redis.ts';
import { startTcpProxy, throughProxy, type TcpProxy } from '../../../test/helpers/tcp-proxy.ts';
import type { Engine } from '../../platform/engine/engine.ts';
import { createPostgresEngine } from '../../platform/engine/postgres.ts';
import { createRedisEngine } from '../../platform/engine/redis.ts';
import { systemClock } from '../../platform/lifecycle/clock.ts';
import { createPool } from '../../platform/postgres/pool.ts';
import { createMetrics } from '../metrics/registry.ts';
import { dependencyChecks } from './checks.ts';
import { createReadiness, type Readiness } from './readiness.ts';
import { healthRoutes } from './routes.ts';

/** An answer takes at most a second; the rest is left to a busy machine. */
const LIMIT_MS = 2_000;

let database: TestDatabase;
let proxy: TcpProxy;
let pool: pg.Pool;
let redis: RedisServer;

before(async () => {
  database = await createTestDatabase();
  const { hostname, port } = new URL(database.url);
  proxy = await startTcpProxy({ host: hostname, port: Number(port) });
  pool = createPool({
    connectionString: throughProxy(database.url, proxy),
    applicationName: 'health-test',
    max: 4,
    onError: () => undefined,
  });
  redis = await startRedis();
});
after(async () => {
  await pool.end();
  await proxy.close();
  await redis.stop();
  await database.drop();
});

interface Subject {
  server: ListeningServer;
  readiness: Readiness;
  close: () => Promise<void>;
}

async function serve(engine: Engine): Promise<Subject> {
  const { logger } = captureLog();
  const metrics = createMetrics({ role: 'api', version: 'test', queues: [], logger });
  const checks = dependencyChecks({ pool, engine, queue: 'email_send' });
  const readiness = createReadiness({ checks, clock: systemClock, metrics, logger });
  const server = await startHttpServer((app) => healthRoutes(app, { readiness }));
  return {
    server,
    readiness,
    close: async () => {
      await server.close();
      await engine.close();
    },
  };
}

async function ready(subject: Subject): Promise<{ status: number; body: ReadyResponse; ms: number }> {
  const started = performance.now();
  const response = await fetch(`${subject.server.url}/health/ready`);
  const body = readyResponse.parse(await response.json());
  assert.equal(response.headers.get('cache-control'), 'no-store');
  return { status: response.status, body, ms: performance.now() - started };
}

/** Asks until readiness has noticed, and checks that no answer was slow meanwhile. */
function becomes(subject: Subject, status: number): Promise<ReadyResponse> {
  return eventually(
    async () => {
      const answer = await ready(subject);
      assert.ok(answer.ms < LIMIT_MS, `it took ${answer.ms} ms`);
      return answer.status === status ? answer.body : undefined;
    },
    { what: `/health/ready answers ${status}`, timeoutMs: 20_000 },
  );
}

describe('with Redis', () => {
  let subject: Subject;
  before(async () => {
    const engine = await createRedisEngine({
      url: redis.url,
      prefix: uniquePrefix(),
      onError: () => undefined,
    });
    subject = await serve(engine);
  });
  after(() => subject.close());
  afterEach(() => becomes(subject, 200).then(() => undefined));

  test('GET /health/live is 200 as long as the process runs', async () => {
    const response = await fetch(`${subject.server.url}/health/live`);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('cache-control'), 'no-store');
    assert.deepEqual(await response.json(), { status: 'ok' });
  });

  test('GET /health/ready is 200 with the latency of each dependency', async () => {
    const { status, body } = await becomes(subject, 200).then(() => ready(subject));
    assert.equal(status, 200);
    assert.equal(body.status, 'ready');
    for (const check of Object.values(body.checks)) {
      assert.equal(check.status, 'up');
      assert.ok(Number.isInteger(check.latency_ms));
    }
  });

  test('a database that refuses connections is down, and up again when it is back', async () => {
    await proxy.cut();
    const { checks } = await becomes(subject, 503);
    assert.equal(checks.database.status, 'down');
    assert.match(checks.database.reason ?? '', /connection/i);
    assert.equal(checks.redis.status, 'up');
    await proxy.mend();
    assert.equal((await becomes(subject, 200)).status, 'ready');
  });

  test('a database that hangs is down within a second, and is asked only once meanwhile', async () => {
    await becomes(subject, 200);
    proxy.pause();
    const { checks } = await becomes(subject, 503);
    assert.match(checks.database.reason ?? '', /^no answer for \d+ ms$/);
    for (let round = 0; round < 3; round += 1) assert.ok((await ready(subject)).ms < LIMIT_MS);
    assert.ok(pool.totalCount <= 2, `${pool.totalCount} connections`);
    assert.equal((await fetch(`${subject.server.url}/health/live`)).status, 200);
    proxy.resume();
    await becomes(subject, 200);
  });

  test('a Redis that hangs takes redis and queue down within a second, and both come back', async () => {
    await becomes(subject, 200);
    redis.pause();
    const { checks } = await becomes(subject, 503);
    assert.deepEqual(
      [checks.database.status, checks.redis.status, checks.queue.status],
      ['up', 'down', 'down'],
    );
    redis.resume();
    await becomes(subject, 200);
  });

  test('a Redis that was killed is down, and up again when it is back', async () => {
    await redis.kill9();
    const { checks } = await becomes(subject, 503);
    assert.deepEqual(
      [checks.database.status, checks.redis.status, checks.queue.status],
      ['up', 'down', 'down'],
    );
    assert.ok((checks.redis.reason ?? '').length > 0);
    await redis.restart();
    await becomes(subject, 200);
  });

  test('a Redis that may evict jobs is down, and says what to set', async () => {
    await configure('allkeys-lru');
    const { checks } = await becomes(subject, 503);
    assert.equal(checks.redis.status, 'down');
    assert.match(checks.redis.reason ?? '', /maxmemory-policy is allkeys-lru.*noeviction/);
    await configure('noeviction');
    await becomes(subject, 200);
  });
});

async function configure(policy: string): Promise<void> {
  const { Redis } = await import('ioredis');
  const client = new Redis(redis.url);
  await client.config('SET', 'maxmemory-policy', policy);
  client.disconnect();
}

describe('without Redis', () => {
  let subject: Subject;
  before(async () => {
    const engine = await createPostgresEngine({
      connectionString: database.url,
      workers: 1,
      onError: () => undefined,
    });
    subject = await serve(engine);
  });
  after(() => subject.close());

  test('GET /health/ready is 200 and says that Redis is not configured', async () => {
    const { checks } = await becomes(subject, 200);
    assert.deepEqual(checks.redis, { status: 'not_configured' });
    assert.equal(checks.queue.status, 'up');
  });

  test('GET /health/ready is 503 from the moment on that the process stops; /health/live stays 200', async () => {
    await becomes(subject, 200);
    subject.readiness.stopping();
    const { status, body } = await ready(subject);
    assert.equal(status, 503);
    assert.equal(body.status, 'stopping');
    assert.equal((await fetch(`${subject.server.url}/health/live`)).status, 200);
  });
});
