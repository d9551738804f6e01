import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { historyRange, queueHistory, queuesHistory } from '../../../contract/history.ts';
import { makeDeadLetters } from '../../../test/factories/dead-letters.ts';
import { createTestApi } from '../../../test/helpers/api.ts';
import { eventually } from '../../../test/helpers/eventually.ts';
import { startHttpServer, type ListeningServer } from '../../../test/helpers/http-server.ts';
import { freePort } from '../../../test/helpers/ports.ts';
import { startPrometheus, type Prometheus } from '../../../test/helpers/prometheus.ts';
import { createTestSystem, testQueue, type TestSystem } from '../../../test/helpers/system.ts';
import { failuresByMinute } from '../dead-letters/failures-by-minute.ts';
import { metricsRoutes } from '../metrics/routes.ts';
import { observeQueues } from '../queues/overview.ts';
import { readQueueHistory, readQueuesHistory, type HistoryDeps } from './history.ts';
import { createSamples, type Samples } from './samples.ts';

const QUEUE = testQueue.name;
/** The start of this minute: the counts of dead jobs are kept for two hours. */
const NOW = Math.floor(Date.now() / 60_000) * 60_000;
const ago = (seconds: number): string => new Date(NOW - seconds * 1_000).toISOString();

let system: TestSystem;
before(async () => {
  system = await createTestSystem('redis', { queues: [QUEUE, 'idle_queue'] });
  observeQueues(system, [QUEUE, 'idle_queue']);
});
after(() => system.close());

/** Runs jobs of so many milliseconds each, and leaves as many waiting. */
async function work({ completed, waiting, ms }: { completed: number; waiting: number; ms: number }) {
  const queue = system.engine.queue(QUEUE);
  let done = 0;
  const worker = system.work(testQueue, async () => {
    await new Promise((resolve) => setTimeout(resolve, ms));
    done += 1;
  });
  await queue.addBulk(Array.from({ length: completed }, () => ({ name: 'test_job', data: {} })));
  await eventually(() => done === completed);
  await eventually(async () => (await queue.getActiveCount()) === 0);
  const stopped = async (): Promise<void> => {
    await worker.stop(1_000);
    await queue.addBulk(Array.from({ length: waiting }, () => ({ name: 'test_job', data: {} })));
  };
  return { stopped };
}

describe('a history from the process itself', () => {
  const clock = { nowMs: NOW, now: () => clock.nowMs };
  let samples: Samples;
  let deps: HistoryDeps;
  beforeEach(async () => {
    clock.nowMs = NOW;
    await system.engine.queue(QUEUE).drain();
    samples = createSamples({ metrics: system.metrics, now: clock.now });
    deps = {
      ...{ prometheusUrl: null, samples, clock, queues: [QUEUE, 'idle_queue'] },
      failuresOf: (queue) => failuresByMinute(system.db, queue, new Date(NOW - 3_600_000)),
    };
  });
  /** Once the gauges, which are read anew after a second, say so. */
  const take = async (atMs: number, depth: number): Promise<void> => {
    clock.nowMs = atMs;
    await eventually(async () => (await system.metric(`fmhl_queue_depth{queue="${QUEUE}"}`)) === depth);
    await samples.take();
  };

  test('has the rate and quantiles of what ran here, the depth, and null for what nobody saw', async () => {
    const worker = system.work(testQueue, () => Promise.resolve());
    await take(NOW - 30_000, 0);
    await worker.stop(1_000);
    const { stopped } = await work({ completed: 30, waiting: 4, ms: 20 });
    await take(NOW - 15_000, 0);
    await stopped();
    await take(NOW, 4);
    const { source, problem, points, step_seconds } = await readQueueHistory(QUEUE, '15m', deps);
    assert.deepEqual([source, step_seconds, points.length], ['process', 15, 60]);
    assert.match(problem ?? '', /^This process runs no jobs of the queue/);
    const [unseen, first, second, last] = points.slice(-4);
    assert.deepEqual([unseen?.depth, unseen?.rate, unseen?.p95], [null, null, null]);
    assert.deepEqual([first?.at, first?.depth, first?.rate], [ago(30), 0, null]);
    assert.equal(second?.rate, 2);
    assert.ok((second.p50 ?? 0) > 0.01 && (second.p50 ?? 9) <= (second.p99 ?? 0), JSON.stringify(second));
    assert.deepEqual([last?.at, last?.depth], [ago(0), 4]);
  });

  test('has dead jobs by the minute from the kept counts, wherever they ran', async () => {
    const died = (seconds: number) => ({ queueName: QUEUE, failedAt: ago(seconds) });
    await makeDeadLetters(system.db, [died(170), died(130), died(120), died(1_800)]);
    const { points } = await readQueueHistory(QUEUE, '15m', deps);
    const at = (seconds: number) => points.find((point) => point.at === ago(seconds))?.failures ?? null;
    assert.deepEqual(
      [135, 120, 75, 60, 0].map((seconds) => at(seconds)),
      [0, 2 / 60, 2 / 60, 1 / 60, 0],
    );
  });

  test('of more than an hour says that only the last hour is known', async () => {
    for (const range of ['6h', '24h', '7d'] as const) {
      const { problem, points } = await readQueueHistory(QUEUE, range, deps);
      assert.match(problem ?? '', /^Without Prometheus only the last hour is known\./);
      assert.equal(points[0]?.failures, null);
    }
  });

  test('has at most 240 points at every range, equally far apart, up to now', async () => {
    for (const range of historyRange.options) {
      const { points, step_seconds, from } = await readQueueHistory(QUEUE, range, deps);
      assert.ok(points.length <= 240, range);
      const times = points.map(({ at }) => Date.parse(at));
      assert.equal(times[0], Date.parse(from));
      times.forEach((time, n) => assert.equal(time, (times[0] ?? 0) + n * step_seconds * 1_000));
      assert.ok((times.at(-1) ?? 0) > NOW - step_seconds * 1_000 && (times.at(-1) ?? 0) <= NOW, range);
    }
  });

  test('takes no more memory than an hour needs', async () => {
    for (let n = 0; n < 300; n += 1) await samples.take();
    assert.equal(samples.all().length, 246);
  });

  test('is the answer, with a word for what went wrong, where Prometheus does not answer', async () => {
    const prometheusUrl = `http://user:hunter2@127.0.0.1:${await freePort()}`;
    const one = await readQueueHistory(QUEUE, '1h', { ...deps, prometheusUrl });
    const all = await readQueuesHistory({ ...deps, prometheusUrl });
    for (const { source, problem } of [one, all]) {
      assert.equal(source, 'process');
      assert.match(problem ?? '', /^Prometheus at 127\.0\.0\.1:\d+ refuses the connection\./);
      assert.doesNotMatch(problem ?? '', /hunter2/);
    }
  });
});

describe('a history from a real Prometheus', () => {
  let target: ListeningServer;
  let prometheus: Prometheus;
  before(async () => {
    target = await startHttpServer((app) => metricsRoutes(app, { metrics: system.metrics }));
    const address = `127.0.0.1:${target.port}`;
    // Twice, as if there were two processes: each says the same of the engine.
    prometheus = await startPrometheus({
      targets: { 'fmhl-api': [address], 'fmhl-worker': [address] },
      scrapeInterval: '250ms',
    });
  });
  after(async () => {
    await prometheus.stop();
    await target.close();
  });

  test('has the rate, the quantiles and the highest depth of the whole fleet', async () => {
    await system.engine.queue(QUEUE).drain();
    // Seen before anything happens: a rate needs a first value.
    await eventually(
      async () => (await prometheus.query(`fmhl_jobs_completed_total{queue="${QUEUE}"}`)).length === 2,
    );
    const { stopped } = await work({ completed: 20, waiting: 7, ms: 10 });
    await stopped();
    await eventually(
      async () => (await prometheus.query(`fmhl_queue_depth{queue="${QUEUE}"} == 7`)).length === 2,
    );
    const deps = {
      ...{ prometheusUrl: prometheus.url, queues: [QUEUE, 'idle_queue'] },
      samples: createSamples({ ...system, now: Date.now }),
      // The next point of the grid need not be waited for.
      clock: { now: () => Date.now() + 15_000 },
      failuresOf: () => Promise.resolve(new Map<number, number>()),
    };
    const { source, problem, points } = await readQueueHistory(QUEUE, '15m', deps);
    assert.deepEqual([source, problem, points.length], ['prometheus', null, 60]);
    const last = points.at(-1);
    assert.equal(last?.depth, 7);
    assert.ok((last.rate ?? 0) > 0, JSON.stringify(last));
    assert.ok((last.p50 ?? 0) > 0.002 && (last.p50 ?? 9) <= (last.p99 ?? 0), JSON.stringify(last));
    assert.equal(last.failures, 0);
    assert.deepEqual([points[0]?.depth, points[0]?.rate, points[0]?.p50], [null, null, null]);

    const all = await eventually(
      async () => {
        const history = await readQueuesHistory({ ...deps, clock: { now: () => Date.now() + 60_000 } });
        return (history.queues[0]?.points.at(-1)?.rate ?? 0) > 0 ? history : undefined;
      },
      { timeoutMs: 30_000 },
    );
    assert.deepEqual([all.source, all.problem, all.step_seconds], ['prometheus', null, 60]);
    assert.deepEqual(
      all.queues.map(({ name, points: of }) => [name, of.length]),
      [
        [QUEUE, 60],
        ['idle_queue', 60],
      ],
    );
    // Nothing ran: there is a rate, and no duration.
    assert.deepEqual([all.queues[1]?.points.at(-1)?.rate, all.queues[1]?.points.at(-1)?.p95], [0, null]);
  });

  test('reads every range, and says so when Prometheus has nothing of the queue', async () => {
    const deps = {
      ...{ prometheusUrl: prometheus.url, queues: ['unknown'], clock: { now: Date.now } },
      samples: createSamples({ ...system, now: Date.now }),
      failuresOf: () => Promise.resolve(new Map<number, number>()),
    };
    for (const range of historyRange.options) {
      const { source, problem } = await readQueueHistory('unknown', range, deps);
      assert.equal(source, 'process', range);
      assert.match(problem ?? '', /^Prometheus has nothing of this queue\./, range);
    }
  });
});

test('the routes answer for defined queues and known ranges alone', async () => {
  const api = await createTestApi(system);
  try {
    const paths = { one: `/api/v1/admin/queues/${QUEUE}/history`, all: '/api/v1/admin/queues/history' };
    assert.equal(
      queueHistory.parse((await api.call('GET', `${paths.one}?range=24h`)).body).points.length,
      240,
    );
    assert.equal(queuesHistory.parse((await api.call('GET', paths.all)).body).queues.length, 1);
    assert.equal((await api.call('GET', '/api/v1/admin/queues/unknown/history')).status, 404);
    assert.equal((await api.call('GET', `${paths.one}?range=1y`)).status, 400);
  } finally {
    await api.close();
  }
});
