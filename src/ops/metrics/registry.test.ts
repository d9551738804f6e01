import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { METRICS } from '../../../contract/metrics.ts';
import { eventually } from '../../../test/helpers/eventually.ts';
import { captureLog, type CapturedLog } from '../../../test/helpers/log.ts';
import { loopMetrics } from './loops.ts';
import { createMetrics, type Metrics } from './registry.ts';

const QUEUES = ['email_send', 'scheduled'];

function setUp(): { metrics: Metrics; log: CapturedLog } {
  const log = captureLog();
  return {
    metrics: createMetrics({ role: 'api', version: '1.2.3', queues: QUEUES, logger: log.logger }),
    log,
  };
}

/** The values of a metric's series, by their labels as they stand in the text. */
function series(exposition: string, name: string): Map<string, number> {
  const lines = exposition.split('\n').filter((line) => new RegExp(`^${name}[{ ]`).test(line));
  return new Map(
    lines.map((line): [string, number] => {
      const space = line.lastIndexOf(' ');
      return [line.slice(name.length, space), Number(line.slice(space + 1))];
    }),
  );
}

/** As Epic 12 lists them, letter by letter; not taken from the code, which must agree with it. */
const EPIC_12: Record<string, 'counter' | 'gauge' | 'histogram'> = {
  fmhl_leads_submitted_total: 'counter',
  fmhl_leads_approved_total: 'counter',
  fmhl_assignments_created_total: 'counter',
  fmhl_assignments_skipped_insufficient_balance_total: 'counter',
  fmhl_bad_leads_reported_total: 'counter',
  fmhl_refunds_approved_total: 'counter',
  fmhl_billing_failures_total: 'counter',
  fmhl_distribution_duration_ms: 'histogram',
  fmhl_inbox_query_duration_ms: 'histogram',
  fmhl_billing_operation_duration_ms: 'histogram',
  fmhl_jobs_enqueued_total: 'counter',
  fmhl_jobs_completed_total: 'counter',
  fmhl_jobs_failed_total: 'counter',
  fmhl_job_duration_ms: 'histogram',
  fmhl_queue_depth: 'gauge',
  fmhl_dlq_size: 'gauge',
};
const EPIC_12_BY_QUEUE = [
  'fmhl_jobs_enqueued_total',
  'fmhl_jobs_completed_total',
  'fmhl_jobs_failed_total',
  'fmhl_job_duration_ms',
  'fmhl_queue_depth',
  'fmhl_dlq_size',
];

describe('the exposition', () => {
  for (const [name, type] of Object.entries(EPIC_12)) {
    test(`has ${name} of Epic 12 as a ${type}`, async () => {
      const text = await setUp().metrics.expose();
      assert.ok(text.includes(`\n# TYPE ${name} ${type}\n`));
    });
  }

  for (const name of EPIC_12_BY_QUEUE) {
    test(`has ${name} at 0 from the start, for every queue and nothing else`, async () => {
      const found = series(await setUp().metrics.expose(), name.endsWith('_ms') ? `${name}_count` : name);
      assert.deepEqual(
        [...found],
        [
          ['{queue="email_send"}', 0],
          ['{queue="scheduled"}', 0],
        ],
      );
    });
  }

  test('has every metric that is labelled by queue at 0 from the start', async () => {
    const text = await setUp().metrics.expose();
    const byQueue = Object.entries(METRICS).filter(([, spec]) => spec.labels.join() === 'queue');
    assert.ok(byQueue.length > 10);
    for (const [name, { type }] of byQueue) {
      const found = series(text, type === 'histogram' ? `${name}_count` : name);
      assert.deepEqual([...found.values()], [0, 0], name);
    }
  });

  test('has every metric without labels from the start', async () => {
    const text = await setUp().metrics.expose();
    for (const [name, { type, labels }] of Object.entries(METRICS)) {
      if (labels.length > 0) continue;
      assert.equal(series(text, type === 'histogram' ? `${name}_count` : name).size, 1, name);
    }
  });

  test('says version and role of the process, and has its default metrics', async () => {
    const text = await setUp().metrics.expose();
    assert.match(text, /^fmhl_build_info\{version="1\.2\.3",role="api"\} 1$/m);
    assert.match(text, /^process_resident_memory_bytes \d+$/m);
    assert.match(text, /^nodejs_eventloop_lag_p99_seconds /m);
  });

  test('passes promtool, but for the unit that Epic 12 has in the names of its histograms', async () => {
    const { metrics } = setUp();
    // Series that come only with use: promtool sees what has at least one.
    metrics
      .histogram('fmhl_http_request_duration_seconds', { method: 'GET', route: '/', status: '200' })
      .observe(0.003);
    loopMetrics(metrics, 'outbox_relay')('ok');
    metrics.collect('broken', ['fmhl_outbox_depth'], () => Promise.reject(new Error('down')));
    metrics.counter('fmhl_logins_total', { outcome: 'a "quoted"\\ \n value' }).inc();
    const { stdout, stderr, error } = spawnSync('promtool', ['check', 'metrics'], {
      input: await metrics.expose(),
      encoding: 'utf8',
    });
    assert.equal(error, undefined);
    const complaints = `${stdout}${stderr}`.split('\n').filter((line) => line !== '');
    assert.deepEqual(
      complaints.sort(),
      Object.keys(EPIC_12)
        .filter((name) => name.endsWith('_ms'))
        .map((name) => `${name} metric names should not contain abbreviated units`)
        .sort(),
    );
  });
});

describe('the names of metrics', () => {
  // The types in registry.ts tell instruments apart by these.
  for (const [name, { type }] of Object.entries(METRICS)) {
    test(`${name} ends as a ${type} should`, () => {
      assert.equal(name.endsWith('_total'), type === 'counter');
      assert.equal(/_duration_(ms|seconds)$/.test(name), type === 'histogram');
    });
  }
});

describe('instruments', () => {
  test('count, set and observe their own series', async () => {
    const { metrics } = setUp();
    metrics.counter('fmhl_jobs_completed_total', { queue: 'email_send' }).inc();
    metrics.counter('fmhl_jobs_completed_total', { queue: 'email_send' }).inc(2);
    metrics.counter('fmhl_leads_submitted_total').inc();
    metrics.gauge('fmhl_queue_depth', { queue: 'scheduled' }).set(7);
    metrics.histogram('fmhl_job_duration_ms', { queue: 'email_send' }).observe(1_700);
    const text = await metrics.expose();
    assert.deepEqual(
      [...series(text, 'fmhl_jobs_completed_total').values(), ...series(text, 'fmhl_queue_depth').values()],
      [3, 0, 0, 7],
    );
    assert.deepEqual([...series(text, 'fmhl_leads_submitted_total').values()], [1]);
    assert.match(text, /^fmhl_job_duration_ms_bucket\{le="1500",queue="email_send"\} 0$/m);
    assert.match(text, /^fmhl_job_duration_ms_bucket\{le="2000",queue="email_send"\} 1$/m);
    assert.match(text, /^fmhl_job_duration_ms_sum\{queue="email_send"\} 1700$/m);
  });

  test('have a bound where an alert compares: 1000 and 2000 ms', async () => {
    const text = await setUp().metrics.expose();
    for (const name of ['fmhl_distribution_duration_ms', 'fmhl_inbox_query_duration_ms']) {
      for (const bound of [1_000, 2_000]) assert.ok(text.includes(`${name}_bucket{le="${bound}"} 0\n`));
    }
  });

  test('refuse labels that the metric does not have', () => {
    const { metrics } = setUp();
    for (const labels of [{}, { quue: 'x' }, { queue: 'x', job: 'y' }]) {
      assert.throws(() => metrics.counter('fmhl_jobs_completed_total', labels), /has the labels \[queue\]/);
      assert.throws(() => metrics.histogram('fmhl_job_duration_ms', labels), /has the labels \[queue\]/);
    }
  });

  test('count each value in the first bucket that holds it, and refuse what would spoil them for good', async () => {
    const { metrics } = setUp();
    const duration = metrics.histogram('fmhl_inbox_query_duration_ms');
    for (const ms of [0, 1, 1.0001, 60_000, 60_001]) duration.observe(ms);
    for (const bad of [Number.NaN, Infinity]) assert.throws(() => duration.observe(bad), /can't observe/);
    const submitted = metrics.counter('fmhl_leads_submitted_total');
    for (const bad of [-1, Number.NaN, Infinity])
      assert.throws(() => submitted.inc(bad), /can't be increased/);
    const text = await metrics.expose();
    const buckets = series(text, 'fmhl_inbox_query_duration_ms_bucket');
    assert.deepEqual(
      ['1', '2.5', '30000', '60000', '+Inf'].map((le) => buckets.get(`{le="${le}"}`)),
      [2, 3, 3, 4, 5],
    );
    assert.deepEqual([...series(text, 'fmhl_inbox_query_duration_ms_sum').values()], [120_003.0001]);
    assert.deepEqual([...series(text, 'fmhl_leads_submitted_total').values()], [0]);
  });

  test('of two processes in one test do not mix', async () => {
    const [one, two] = [setUp().metrics, setUp().metrics];
    one.counter('fmhl_leads_submitted_total').inc();
    assert.deepEqual([...series(await two.expose(), 'fmhl_leads_submitted_total').values()], [0]);
  });
});

test('a scrape of a hundred queues stays below 300 kB', async () => {
  const queues = Array.from({ length: 100 }, (_, index) => `queue_with_a_name_${index}`);
  const metrics = createMetrics({ role: 'start', version: '1.2.3', queues, logger: captureLog().logger });
  const { length } = await metrics.expose();
  assert.ok(length < 300_000, String(length));
});

describe('gauges that are read at a scrape', () => {
  const failures = async (metrics: Metrics, source: string): Promise<number | undefined> =>
    series(await metrics.expose(), 'fmhl_metrics_collect_failures_total').get(`{source="${source}"}`);

  test('are read at most once a second, however many scrape', async () => {
    const { metrics } = setUp();
    let reads = 0;
    metrics.collect('outbox', ['fmhl_outbox_depth'], () => {
      reads += 1;
      metrics.gauge('fmhl_outbox_depth').set(reads);
      return Promise.resolve();
    });
    const texts = await Promise.all([metrics.expose(), metrics.expose(), metrics.expose()]);
    assert.equal(reads, 1);
    for (const text of texts) assert.deepEqual([...series(text, 'fmhl_outbox_depth').values()], [1]);
    await metrics.expose();
    assert.equal(reads, 1);
    await eventually(async () => {
      await metrics.expose();
      return reads === 2;
    });
  });

  test('that change seldom are read seldom, but for those that failed', async () => {
    const { metrics } = setUp();
    const reads = { seldom: 0, failing: 0, often: 0 };
    const seldom = { everyMs: 60_000 };
    const count = (name: keyof typeof reads) => (): Promise<void> => {
      reads[name] += 1;
      return name === 'failing' ? Promise.reject(new Error('away')) : Promise.resolve();
    };
    metrics.collect('seldom', ['fmhl_dlq_expiring'], count('seldom'), seldom);
    metrics.collect('failing', ['fmhl_outbox_depth'], count('failing'), seldom);
    metrics.collect('often', ['fmhl_dlq_size'], count('often'));
    await eventually(async () => {
      await metrics.expose();
      return reads.failing === 2 && reads.often === 2;
    });
    assert.equal(reads.seldom, 1);
  });

  test('are absent when they can not be read, and leave the others alone', async () => {
    const { metrics, log } = setUp();
    metrics.gauge('fmhl_outbox_depth').set(5);
    metrics.gauge('fmhl_dlq_size', { queue: 'email_send' }).set(5);
    metrics.collect('outbox', ['fmhl_outbox_depth'], () => Promise.reject(new Error('database is away')));
    metrics.collect('dlq', ['fmhl_dlq_size'], () => {
      throw new Error('at once');
    });
    metrics.collect('queues', ['fmhl_queue_depth'], () => {
      metrics.gauge('fmhl_queue_depth', { queue: 'email_send' }).set(9);
      return Promise.resolve();
    });
    const text = await metrics.expose();
    assert.equal(series(text, 'fmhl_outbox_depth').size, 0);
    assert.equal(series(text, 'fmhl_dlq_size').size, 0);
    assert.equal(series(text, 'fmhl_queue_depth').get('{queue="email_send"}'), 9);
    assert.equal(await failures(metrics, 'outbox'), 1);
    assert.equal(await failures(metrics, 'queues'), 0);
    const lines = log
      .find('metrics_collect_failed')
      .map(({ metadata }) => [metadata['source'], metadata['reason']]);
    assert.deepEqual(
      new Map(lines as [string, string][]),
      new Map([
        ['outbox', 'database is away'],
        ['dlq', 'at once'],
      ]),
    );
    assert.equal(lines.length, 2);
  });

  test('come back when they can be read again', async () => {
    const { metrics } = setUp();
    let broken = true;
    metrics.collect('outbox', ['fmhl_outbox_depth'], () => {
      if (broken) return Promise.reject(new Error('away'));
      metrics.gauge('fmhl_outbox_depth').set(3);
      return Promise.resolve();
    });
    assert.equal(series(await metrics.expose(), 'fmhl_outbox_depth').size, 0);
    broken = false;
    await eventually(async () => series(await metrics.expose(), 'fmhl_outbox_depth').get('') === 3);
  });

  test('hold up a scrape for a second at most when their source hangs, and are not read twice at a time', async () => {
    const { metrics } = setUp();
    let reads = 0;
    let answer: () => void = () => undefined;
    metrics.collect('outbox', ['fmhl_outbox_depth'], async () => {
      reads += 1;
      await new Promise<void>((resolve) => (answer = resolve));
      metrics.gauge('fmhl_outbox_depth').set(4);
    });
    const started = performance.now();
    const text = await metrics.expose();
    assert.ok(performance.now() - started < 2_500);
    assert.equal(series(text, 'fmhl_outbox_depth').size, 0);
    // Scrapes go on, and fail, until the one question is answered.
    await eventually(async () => ((await failures(metrics, 'outbox')) ?? 0) >= 2);
    assert.equal(reads, 1);
    answer();
    await eventually(async () => series(await metrics.expose(), 'fmhl_outbox_depth').get('') === 4);
  });
});

describe('the metrics of a loop', () => {
  test('count its rounds by outcome, from 0, and note when it last succeeded', async () => {
    const { metrics } = setUp();
    const onRound = loopMetrics(metrics, 'outbox_relay');
    const before = series(await metrics.expose(), 'fmhl_loop_runs_total');
    assert.deepEqual([...before.values()], [0, 0]);
    const lastSuccess = async (): Promise<number> =>
      [...series(await metrics.expose(), 'fmhl_loop_last_success_timestamp_seconds').values()][0] ??
      Number.NaN;
    const startedAt = await lastSuccess();
    assert.ok(
      Math.abs(startedAt - Date.now() / 1_000) < 60,
      'a loop that hangs from the start must become old',
    );
    await eventually(() => Date.now() / 1_000 > startedAt);
    onRound('failed');
    assert.equal(await lastSuccess(), startedAt);
    onRound('ok');
    assert.ok((await lastSuccess()) > startedAt);
    onRound('ok');
    const text = await metrics.expose();
    assert.match(text, /^fmhl_loop_runs_total\{loop="outbox_relay",outcome="ok"\} 2$/m);
    assert.match(text, /^fmhl_loop_runs_total\{loop="outbox_relay",outcome="failed"\} 1$/m);
  });
});
