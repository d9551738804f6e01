import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { HealthCheck } from '../../../contract/health.ts';
import { eventually } from '../../../test/helpers/eventually.ts';
import { captureLog } from '../../../test/helpers/log.ts';
import { createMetrics } from '../metrics/registry.ts';
import type { DependencyChecks } from './checks.ts';
import { createReadiness } from './readiness.ts';

const up = (): Promise<void> => Promise.resolve();
const never = (): Promise<void> => new Promise(() => undefined);

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A readiness whose clock the test moves and whose checks it sets, and which counts their calls. */
function setUp(checks: Partial<DependencyChecks> = {}) {
  const log = captureLog();
  const metrics = createMetrics({ role: 'api', version: 'test', queues: [], logger: log.logger });
  const current: DependencyChecks = { database: up, redis: up, queue: up, ...checks };
  const calls = { database: 0, redis: 0, queue: 0 };
  const counted = (name: keyof typeof calls) => (): Promise<void> => {
    calls[name] += 1;
    return (current[name] ?? up)();
  };
  const clock = { at: 1_000_000, now: () => clock.at };
  const readiness = createReadiness({
    checks: {
      database: counted('database'),
      redis: current.redis === null ? null : counted('redis'),
      queue: counted('queue'),
    },
    clock,
    metrics,
    logger: log.logger,
  });
  const gauge = async (): Promise<string | undefined> =>
    /^fmhl_ready (\d)$/m.exec(await metrics.expose())?.[1];
  return { readiness, current, calls, clock, log, gauge };
}

const statuses = (checks: Record<string, HealthCheck>): Record<string, string> =>
  Object.fromEntries(Object.entries(checks).map(([name, { status }]) => [name, status]));

describe('readiness', () => {
  test('is ready when all dependencies answer, with how long each took', async () => {
    const { readiness } = setUp();
    const { status, checks } = await readiness.check();
    assert.equal(status, 'ready');
    assert.deepEqual(statuses(checks), { database: 'up', redis: 'up', queue: 'up' });
    for (const { latency_ms: ms } of Object.values(checks)) assert.ok(Number.isInteger(ms));
  });

  test('is unavailable when any dependency fails, and says which and why', async () => {
    for (const name of ['database', 'redis', 'queue'] as const) {
      const { readiness } = setUp({ [name]: () => Promise.reject(new Error('gone fishing')) });
      const { status, checks } = await readiness.check();
      assert.equal(status, 'unavailable');
      assert.equal(checks[name].status, 'down');
      assert.equal(checks[name].reason, 'gone fishing');
      assert.equal(Object.values(checks).filter((check) => check.status === 'up').length, 2);
    }
  });

  test('takes a check that throws at once for one that fails', async () => {
    const { readiness } = setUp({
      queue: () => {
        throw new Error('at once');
      },
    });
    assert.equal((await readiness.check()).checks.queue.reason, 'at once');
  });

  test('does not ask a Redis that is not configured, and is ready without it', async () => {
    const { readiness, calls } = setUp({ redis: null });
    const { status, checks } = await readiness.check();
    assert.equal(status, 'ready');
    assert.deepEqual(checks.redis, { status: 'not_configured' });
    assert.equal(calls.redis, 0);
  });

  test('answers within a second though all dependencies hang, which were asked in parallel', async () => {
    const { readiness } = setUp({ database: never, redis: never, queue: never });
    const started = performance.now();
    const { status, checks } = await readiness.check();
    // Half a second is left to a busy machine.
    assert.ok(performance.now() - started < 1_500);
    assert.equal(status, 'unavailable');
    assert.match(checks.database.reason ?? '', /^no answer for \d+ ms$/);
  });

  test('never has two questions open at one dependency', async () => {
    let answer: () => void = () => undefined;
    const { readiness, calls, clock, current } = setUp({
      database: () => new Promise((resolve) => (answer = resolve)),
    });
    for (let round = 1; round <= 3; round += 1) {
      assert.equal((await readiness.check()).checks.database.status, 'down');
      clock.at += 1_000;
    }
    assert.deepEqual(calls, { database: 1, redis: 3, queue: 3 });
    answer();
    await nextTurn();
    current.database = up;
    assert.equal((await readiness.check()).checks.database.status, 'up');
    assert.equal(calls.database, 2, 'the question was answered, so a new one was asked');
  });

  test('takes a late answer for an answer, and says how late it is', async () => {
    let answer: () => void = () => undefined;
    const { readiness, calls, clock } = setUp({
      database: () => new Promise((resolve) => (answer = resolve)),
    });
    await readiness.check();
    clock.at += 1_000;
    const waiting = readiness.check();
    answer();
    const { database } = (await waiting).checks;
    assert.equal(database.status, 'up');
    assert.ok((database.latency_ms ?? 0) >= 700, 'from when it was asked');
    assert.equal(calls.database, 1);
  });

  test('does not fall over a late answer that is an error', async () => {
    let fail: (error: Error) => void = () => undefined;
    const { readiness, clock, current } = setUp({
      redis: () => new Promise((_, reject) => (fail = reject)),
    });
    await readiness.check();
    fail(new Error('too late'));
    await nextTurn();
    current.redis = up;
    clock.at += 1_000;
    assert.equal((await readiness.check()).status, 'ready');
  });
});

describe('the readiness cache', () => {
  test('keeps an answer for less than a second', async () => {
    const { readiness, calls, clock } = setUp();
    await readiness.check();
    clock.at += 999;
    await readiness.check();
    assert.deepEqual(calls, { database: 1, redis: 1, queue: 1 });
    clock.at += 1;
    await readiness.check();
    assert.deepEqual(calls, { database: 2, redis: 2, queue: 2 });
  });

  test('lets a crowd of callers share one round', async () => {
    const { readiness, calls } = setUp();
    const answers = await Promise.all(Array.from({ length: 100 }, () => readiness.check()));
    assert.deepEqual(calls, { database: 1, redis: 1, queue: 1 });
    assert.ok(answers.every(({ status }) => status === 'ready'));
  });

  test('does not keep an answer for longer when the clock is set back', async () => {
    const { readiness, calls, clock } = setUp();
    await readiness.check();
    clock.at -= 3_600_000;
    await readiness.check();
    assert.equal(calls.database, 2);
  });
});

describe('a process that is stopping', () => {
  test('says so at once, and asks nobody', async () => {
    const { readiness, calls, gauge } = setUp();
    readiness.stopping();
    assert.equal((await readiness.check()).status, 'stopping');
    assert.deepEqual(calls, { database: 0, redis: 0, queue: 0 });
    assert.equal(await gauge(), '0');
  });

  test('says so to callers who wait already, and never turns ready again', async () => {
    let answer: () => void = () => undefined;
    const { readiness, clock } = setUp({ database: () => new Promise((resolve) => (answer = resolve)) });
    const waiting = readiness.check();
    readiness.stopping();
    answer();
    assert.equal((await waiting).status, 'stopping');
    clock.at += 5_000;
    assert.equal((await readiness.check()).status, 'stopping');
  });

  test('shows the dependencies as they were known', async () => {
    const { readiness } = setUp();
    await readiness.check();
    readiness.stopping();
    assert.deepEqual(statuses((await readiness.check()).checks), {
      database: 'up',
      redis: 'up',
      queue: 'up',
    });
  });
});

describe('a change of readiness', () => {
  test('is logged once, and is in the gauge', async () => {
    const { readiness, current, clock, log, gauge } = setUp();
    const check = async (): Promise<void> => {
      await readiness.check();
      clock.at += 1_000;
    };
    await check();
    await check();
    assert.equal(await gauge(), '1');
    current.database = () => Promise.reject(new Error('down'));
    await check();
    await check();
    assert.equal(await gauge(), '0');
    current.database = up;
    await check();
    readiness.stopping();
    readiness.stopping();
    assert.deepEqual(
      log
        .find('readiness_changed')
        .map(({ level, metadata: { from, status, down } }) => [level, from, status, down]),
      [
        ['info', 'starting', 'ready', {}],
        ['error', 'ready', 'unavailable', { database: 'down' }],
        ['info', 'unavailable', 'ready', {}],
        ['info', 'ready', 'stopping', {}],
      ],
    );
  });

  test('is noticed by a scrape, though nobody asks /health/ready', async () => {
    const { current, clock, gauge } = setUp();
    assert.equal(await gauge(), '1');
    current.queue = () => Promise.reject(new Error('down'));
    clock.at += 1_000;
    await eventually(async () => (await gauge()) === '0');
    current.queue = up;
    clock.at += 1_000;
    await eventually(async () => (await gauge()) === '1');
  });
});
