import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { sql } from 'kysely';
import { correlationId } from '../../../contract/ids.ts';
import { UnrecoverableError } from '../../platform/engine/engine.ts';
import { eventually } from '../../../test/helpers/eventually.ts';
import { testRedisUrl } from '../../../test/helpers/redis.ts';
import { createTestSystem, ENGINES, testQueue, type TestSystem } from '../../../test/helpers/system.ts';
import { captureQueue, type CaptureDeps } from './capture.ts';
import { createSetAside } from './set-aside.ts';
import { startCapture } from './sweep.ts';

const never = new AbortController().signal;
const QUEUE = testQueue.name;

function depsOf(system: TestSystem): CaptureDeps {
  return { ...system, setAside: createSetAside(system) };
}

/** What a foreign producer may write: replaces a field of a job, past BullMQ. */
async function rewrite(jobId: string, field: string, text: string): Promise<void> {
  const redis = new Redis(await testRedisUrl());
  try {
    const [key = ''] = await redis.keys(`*:${QUEUE}:${jobId}`);
    await redis.hset(key, field, text);
  } finally {
    redis.disconnect();
  }
}

interface Row {
  id: string;
  job_id: string;
  job_name: string;
  engine_job_id: string | null;
  payload: unknown;
  payload_text: string | null;
  error_message: string | null;
  stack_trace: string | null;
  attempts: number;
  correlation_id: string | null;
  job_options: Record<string, unknown>;
}

async function rowsOf(system: TestSystem): Promise<Row[]> {
  const { rows } = await sql<Row>`SELECT * FROM dead_letter_queue ORDER BY failed_at, id`.execute(system.db);
  return rows;
}

for (const kind of ENGINES) {
  describe(`capture on ${kind}`, () => {
    let system: TestSystem;
    before(async () => {
      system = await createTestSystem(kind);
      system.work(testQueue, () => Promise.reject(new UnrecoverableError('SMTP timeout')));
    });
    after(() => system.close());

    /** Lets jobs die in the engine, and returns how many are in its failed set. */
    const died = (count: number): Promise<number> =>
      eventually(
        async () => {
          const failed = await system.engine.queue(QUEUE).getFailedCount();
          return failed === count ? failed : undefined;
        },
        { what: `${count} jobs in the failed set` },
      );

    test('a dead job becomes one entry with all that is known of it, and leaves the engine', async () => {
      const correlation = correlationId.parse(randomUUID());
      const jobId = await system.producer.enqueue(
        testQueue,
        { to: 'a@example.com' },
        { correlationId: correlation },
      );
      await died(1);
      assert.equal(await captureQueue(QUEUE, depsOf(system), never), 1);
      const [row, ...others] = await rowsOf(system);
      assert.equal(others.length, 0);
      assert.equal(row?.job_id, jobId);
      assert.deepEqual(row.payload, { to: 'a@example.com' });
      assert.equal(row.error_message, 'SMTP timeout');
      assert.match(row.stack_trace ?? '', /^UnrecoverableError: SMTP timeout\n +at /);
      assert.equal(row.attempts, 1);
      assert.equal(row.correlation_id, correlation);
      assert.equal(row.job_options.attempts, 1);
      assert.equal('fmhl' in row.job_options, false);
      assert.equal(await system.engine.queue(QUEUE).getJob(jobId), undefined);
      assert.equal(await system.metric(`fmhl_dlq_captured_total{queue="${QUEUE}"}`), 1);
      await sql`DELETE FROM dead_letter_queue`.execute(system.db);
    });

    test('a capture that dies between insert and removal captures the same death once', async () => {
      await system.producer.enqueue(testQueue, {}, { correlationId: null });
      await died(1);
      const broken = {
        ...depsOf(system),
        engine: { ...system.engine, removeFailed: () => Promise.reject(new Error('killed')) },
      };
      await assert.rejects(captureQueue(QUEUE, broken, never), /killed/);
      assert.equal((await rowsOf(system)).length, 1);
      assert.equal(await system.engine.queue(QUEUE).getFailedCount(), 1);
      assert.equal(await captureQueue(QUEUE, depsOf(system), never), 0, 'nothing new');
      assert.equal((await rowsOf(system)).length, 1);
      assert.equal(await system.engine.queue(QUEUE).getFailedCount(), 0);
      await sql`DELETE FROM dead_letter_queue`.execute(system.db);
    });

    test('two captures at once make one entry per death', async () => {
      const many = Array.from({ length: 40 }, () =>
        system.producer.enqueue(testQueue, {}, { correlationId: null }),
      );
      await Promise.all(many);
      await died(40);
      const counts = await Promise.all([1, 2, 3].map(() => captureQueue(QUEUE, depsOf(system), never)));
      assert.equal(
        counts.reduce((sum, count) => sum + count, 0),
        40,
      );
      assert.equal((await rowsOf(system)).length, 40);
      assert.equal(await system.engine.queue(QUEUE).getFailedCount(), 0);
      await sql`DELETE FROM dead_letter_queue`.execute(system.db);
    });

    test('more dead jobs than fit a page are all captured', async () => {
      const jobs = Array.from({ length: 1_203 }, () => ({
        name: 'test_job',
        data: {},
        opts: {
          jobId: randomUUID(),
          attempts: 1,
          removeOnFail: false,
          fmhl: { correlation_id: null, retry_of: null },
        },
      }));
      await system.producer.deliver(QUEUE, jobs);
      await died(1_203);
      // What was stored leaves the engine although the page behind it can't be read: or no sweep would get past it.
      let reads = 0;
      const { storedJobs } = system.engine;
      const cutOff: typeof storedJobs = (queue, ids) =>
        ++reads <= 4 ? storedJobs(queue, ids) : Promise.reject(new Error('away'));
      const broken = { ...depsOf(system), engine: { ...system.engine, storedJobs: cutOff } };
      await assert.rejects(captureQueue(QUEUE, broken, never), /away/);
      assert.equal(await system.engine.queue(QUEUE).getFailedCount(), 203);

      assert.equal(await captureQueue(QUEUE, depsOf(system), never), 203);
      assert.equal(await system.engine.queue(QUEUE).getFailedCount(), 0);
      await sql`DELETE FROM dead_letter_queue`.execute(system.db);
    });

    test('a job id that died before can die again: two entries', async () => {
      for (const round of [1, 2]) {
        await system.producer.enqueue(testQueue, { round }, { correlationId: null, jobId: 'daily-report' });
        await died(1);
        await captureQueue(QUEUE, depsOf(system), never);
      }
      assert.deepEqual(
        (await rowsOf(system)).map((row) => row.payload),
        [{ round: 1 }, { round: 2 }],
      );
      await sql`DELETE FROM dead_letter_queue`.execute(system.db);
    });
  });
}

describe('capture of whatever BullMQ accepts as a job', () => {
  let system: TestSystem;
  before(async () => {
    system = await createTestSystem('redis');
    // What the processor throws is the payload's `error`, when it has one.
    system.work(testQueue, ({ payload }) =>
      Promise.reject(new UnrecoverableError((payload as { error?: string } | null)?.error ?? 'dead')),
    );
  });
  after(() => system.close());

  async function captured(data: unknown, jobId: string = randomUUID(), name = 'test_job'): Promise<Row> {
    await system.engine.queue(QUEUE).add(name, data, { jobId, attempts: 1, removeOnFail: false });
    await eventually(async () => (await system.engine.queue(QUEUE).getFailedCount()) === 1, {
      what: 'the job is dead',
    });
    await captureQueue(QUEUE, depsOf(system), never);
    const rows = await rowsOf(system);
    await sql`DELETE FROM dead_letter_queue`.execute(system.db);
    assert.equal(rows.length, 1);
    assert.equal(await system.engine.queue(QUEUE).getFailedCount(), 0);
    return rows[0]!;
  }
  const exact = (row: Row): unknown =>
    row.payload_text === null ? row.payload : JSON.parse(row.payload_text);

  const deep = (levels: number): unknown => {
    let value: unknown = 'bottom';
    for (let level = 0; level < levels; level += 1) value = { down: value };
    return value;
  };
  const payloads: [string, unknown][] = [
    ['NUL in a value and a key', { 'a\0b': 'c\0d', nested: [{ e: '\0' }] }],
    ['lone surrogates', { text: 'half \ud83d of a pair', 'key\udc00': 1 }],
    ['an escaped backslash that only looks like NUL', { path: 'C:\\u0000' }],
    ['null', null],
    ['a bare string', 'plain text'],
    ['a bare number', 42],
    ['an empty array', []],
    ['numbers at the limits', { big: 1.7976931348623157e308, small: 5e-324, large: 9007199254740993 }],
    ['emoji and right-to-left text', { text: '👩‍👩‍👧 שלום \u202e' }],
    ['a key named __proto__', JSON.parse('{"__proto__": {"polluted": true}}') as unknown],
    ['a thousand levels', deep(1_000)],
    ['two megabytes of text', { text: 'x'.repeat(2_000_000) }],
  ];
  for (const [what, data] of payloads) {
    test(`a payload of ${what} is kept exactly`, async () => {
      assert.deepEqual(exact(await captured(data)), data);
    });
  }

  test('jobs of megabytes are read a few at a time, and all captured', async () => {
    const queue = system.engine.queue(QUEUE);
    const ids = ['large-1', 'large-2', 'large-3', 'small'];
    for (const jobId of ids) {
      const text = 'x'.repeat(jobId === 'small' ? 1 : 3_000_000);
      await queue.add('test_job', { text }, { jobId, attempts: 1, removeOnFail: false });
    }
    await eventually(async () => (await queue.getFailedCount()) === ids.length);
    assert.equal((await system.engine.storedJobs(QUEUE, ids)).read, 2, 'more than 4 MB are enough');
    assert.equal(await captureQueue(QUEUE, depsOf(system), never), ids.length);
    assert.equal(await queue.getFailedCount(), 0);
    await sql`DELETE FROM dead_letter_queue`.execute(system.db);
  });

  test('a number too large for JavaScript does not become a text of all its digits', async () => {
    const queue = system.engine.queue(QUEUE);
    await queue.add('test_job', {}, { jobId: 'huge', attempts: 1, removeOnFail: false });
    await eventually(async () => (await queue.getFailedCount()) === 1);
    await rewrite('huge', 'data', '{"n":1e100000}');
    assert.equal(await captureQueue(QUEUE, depsOf(system), never), 1);
    assert.deepEqual((await rowsOf(system))[0]?.payload, { n: null });
    await sql`DELETE FROM dead_letter_queue`.execute(system.db);
  });

  test('an entry that was captured later has a greater id, so that new ones stand together in the indexes', async () => {
    const ids = [];
    for (let n = 0; n < 5; n += 1) ids.push((await captured({ n })).id);
    assert.deepEqual(ids, ids.toSorted());
  });

  test('a payload too deep for JSONB is kept as text', async () => {
    const levels = 3_000;
    const shallow = await createTestSystem('redis');
    // Connections made from now on have less room than the server usually gives.
    const name = new URL(shallow.database.url).pathname.slice(1);
    await sql`ALTER DATABASE ${sql.id(name)} SET max_stack_depth = '100kB'`.execute(system.db);
    try {
      shallow.work(testQueue, () => Promise.reject(new UnrecoverableError('dead')));
      await shallow.engine
        .queue(QUEUE)
        .add('test_job', deep(levels), { jobId: 'deep', attempts: 1, removeOnFail: false });
      await eventually(async () => (await shallow.engine.queue(QUEUE).getFailedCount()) === 1);
      await captureQueue(QUEUE, depsOf(shallow), never);
      const [row] = await rowsOf(shallow);
      assert.equal(row?.payload, null);
      assert.equal(row.payload_text, JSON.stringify(deep(levels)));
    } finally {
      await shallow.close();
    }
  });

  test('an error message with NUL, and one of a megabyte, are kept readable', async () => {
    assert.equal((await captured({ error: 'bad\0byte' })).error_message, 'bad\uFFFDbyte');
    assert.equal((await captured({ error: 'e'.repeat(1_000_000) })).error_message?.length, 1_000_000);
  });

  test('a job id longer than the column is shortened and stays one of a kind', async () => {
    const long = `order-${'7'.repeat(300)}`;
    const [one, two] = [await captured({}, `${long}a`), await captured({}, `${long}b`)];
    assert.ok(one.job_id.length <= 100 && one.job_id.startsWith('order-777'));
    assert.notEqual(one.job_id, two.job_id);
    assert.equal(one.engine_job_id, `${long}a`);
  });

  test('a job id and a job name with NUL are captured', async () => {
    const { job_id: jobId, engine_job_id: engineId } = await captured({}, 'na\0me');
    assert.ok(jobId.startsWith('na\uFFFDme~'));
    assert.equal(engineId, 'na\uFFFDme');
    assert.equal((await captured({}, randomUUID(), 'na\0me')).job_name, 'na\uFFFDme');
  });

  test('a job that cannot be stored is set aside, counted, and does not hold up those behind it', async () => {
    const queue = system.engine.queue(QUEUE);
    await queue.add('test_job', { n: 1 }, { jobId: 'broken-data', attempts: 1 });
    await eventually(async () => (await queue.getFailedCount()) === 1);
    await rewrite('broken-data', 'data', '{not json');
    await queue.add('test_job', { n: 2 }, { jobId: 'behind-it', attempts: 1 });
    await eventually(async () => (await queue.getFailedCount()) === 2);

    const deps = depsOf(system);
    assert.equal(await captureQueue(QUEUE, deps, never), 1);
    assert.deepEqual(
      (await rowsOf(system)).map((row) => row.job_id),
      ['behind-it'],
    );
    assert.equal(await queue.getFailedCount(), 1, 'the broken one stays in the engine');
    assert.equal(await system.metric(`fmhl_dlq_set_aside{queue="${QUEUE}"}`), 1);
    const logged = system.log.find('dead_letter_set_aside').length;
    assert.equal(logged, 1);
    await captureQueue(QUEUE, deps, never);
    assert.equal(system.log.find('dead_letter_set_aside').length, logged, 'not tried again at once');

    // Mended, it is captured at its next try.
    await rewrite('broken-data', 'data', '{"n":1}');
    assert.equal(await captureQueue(QUEUE, depsOf(system), never), 1);
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
    assert.equal(await captureQueue(QUEUE, depsOf(system), never), 1);
    assert.equal((await rowsOf(system))[0]?.job_id, 'behind-it');
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
    await rewrite('no-options', 'opts', 'null');
    assert.equal(await captureQueue(QUEUE, depsOf(system), never), 1);
    assert.equal((await rowsOf(system))[0]?.job_id, 'behind-it');
    assert.equal(await queue.getFailedCount(), 1, 'the broken one stays in the engine');

    await rewrite('no-options', 'opts', '{"attempts":1}');
    assert.equal(await captureQueue(QUEUE, depsOf(system), never), 1);
    await sql`DELETE FROM dead_letter_queue`.execute(system.db);
  });

  test('a job that the engine has lost is set aside', async () => {
    const redis = new Redis(await testRedisUrl());
    const queue = system.engine.queue(QUEUE);
    await redis.zadd(`${queue.opts.prefix ?? ''}:${QUEUE}:failed`, Date.now(), 'lost');
    assert.equal(await captureQueue(QUEUE, depsOf(system), never), 0);
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
  const capture = startCapture([QUEUE], depsOf(system));
  try {
    const queue = system.engine.queue(QUEUE);
    system.work(testQueue, async () => {
      await rewrite('unreadable', 'data', '{not json');
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
