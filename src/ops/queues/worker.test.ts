import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { z } from 'zod';
import { correlationId, deadLetterId } from '../../../contract/ids.ts';
import { eventually } from '../../../test/helpers/eventually.ts';
import { testRedisUrl } from '../../../test/helpers/redis.ts';
import { createTestSystem, ENGINES, type TestSystem } from '../../../test/helpers/system.ts';
import { UnrecoverableError, type EngineJob } from '../../platform/engine/engine.ts';
import { defineQueue, type QueueDefinition } from './definition.ts';
import type { JobContext, Processor } from './types.ts';

const ID = correlationId.parse('8a5d0a3e-1111-4222-8333-444455556666');
const ENTRY = deadLetterId.parse('9b6e1b4f-1111-4222-8333-444455556666');
const MINUTE = 60_000;

const payload = z.strictObject({ n: z.number() });
type Payload = typeof payload;
const base = defineQueue({
  name: 'test_queue',
  jobName: 'test_job',
  payload,
  attempts: 3,
  backoffMs: [MINUTE, 5 * MINUTE, 15 * MINUTE],
  timeoutMs: 10_000,
  concurrency: 5,
});
const once: QueueDefinition<Payload> = { ...base, attempts: 1, backoffMs: [] };

const ODD_FAILURES: [what: string, thrown: () => unknown, reason: string | RegExp][] = [
  ['undefined', () => undefined, 'undefined'],
  ['null', () => null, 'null'],
  ['a string', () => 'just text', 'just text'],
  ['an object', () => ({ code: 5 }), /object/],
  ['an object that is no text', () => Object.create(null) as unknown, /./],
  ['a symbol', () => Symbol('s'), 'Symbol(s)'],
  ['an error without a message', () => new TypeError(''), 'TypeError'],
  ['an error whose stack was taken', () => Object.assign(new Error('bare'), { stack: undefined }), 'bare'],
  [
    'an error whose message is no text',
    () => Object.assign(new Error('x'), { message: { a: 1 } }),
    '[object Object]',
  ],
  ['an error with NUL in its message', () => new Error('a\0b'), /^a.?b$/],
  ['an error with half a surrogate pair', () => new Error('a\ud800b'), /^a.*b$/],
  ['a very long error', () => new Error('x'.repeat(2_000_000)), /^x+/],
  ['what BullMQ takes for an order to delay', () => named('DelayedError'), /DelayedError: mine/],
  ['what BullMQ takes for an order to wait', () => named('WaitingError'), /WaitingError: mine/],
  ['what BullMQ takes for an order to wait for children', () => named('WaitingChildrenError'), /mine/],
  ['what BullMQ takes for a rate limit', () => new Error('bullmq:rateLimitExceeded'), /rateLimit/],
];

for (const kind of ENGINES) {
  describe(`a worker on ${kind}`, () => {
    let system: TestSystem;
    beforeEach(async () => {
      system = await createTestSystem(kind);
    });
    afterEach(() => system.close());

    async function find(id: string): Promise<EngineJob> {
      const job = await system.engine.queue('test_queue').getJob(id);
      assert.ok(job, 'the job is there');
      return job;
    }

    /** Waits until a job is in a state, and gives it as it is then. */
    async function inState(id: string, state: string): Promise<EngineJob> {
      await eventually(async () => (await (await find(id)).getState()) === state, {
        what: `the job is ${state}`,
      });
      return find(id);
    }

    /** Runs one job through a processor. */
    async function run(definition: QueueDefinition<Payload>, processor: Processor<Payload>): Promise<string> {
      system.work(definition, processor);
      return system.producer.enqueue(definition, { n: 1 }, { correlationId: ID });
    }

    /** Gives a running job to a worker that does not exist, for two and a half seconds. */
    async function stealLock(id: string): Promise<void> {
      const ms = 2_500;
      if (kind === 'postgres') {
        const until = Date.now() + ms;
        const sql = "UPDATE bullmq.job SET lock_token = 'thief', locked_until_ms = $2 WHERE id = $1";
        await system.database.pool.query(sql, [id, until]);
        return;
      }
      const redis = new Redis(await testRedisUrl());
      await redis.set(`${system.engine.queue('test_queue').toKey(id)}:lock`, 'thief', 'PX', ms);
      redis.disconnect();
    }

    const counted = async (): Promise<Record<string, number | null>> => {
      const read = (name: string): Promise<number | null> => system.metric(`${name}{queue="test_queue"}`);
      return {
        completed: await read('fmhl_jobs_completed_total'),
        failed: await read('fmhl_jobs_failed_total'),
        attemptsFailed: await read('fmhl_job_attempts_failed_total'),
        timedOut: await read('fmhl_job_attempts_timed_out_total'),
        durations: await read('fmhl_job_duration_ms_count'),
      };
    };
    const NOTHING = { completed: 0, failed: 0, attemptsFailed: 0, timedOut: 0, durations: 0 };
    const countsBecome = (expected: Partial<typeof NOTHING>): Promise<unknown> =>
      eventually(async () => {
        assert.deepEqual(await counted(), { ...NOTHING, ...expected });
        return true;
      });

    test('completes a job, counted once, and gives its processor what it needs', async () => {
      const seen: JobContext<{ n: number }>[] = [];
      const id = await run(base, (job) => {
        seen.push(job);
        job.logger.info('email_sent', { n: job.payload.n });
        return Promise.resolve({ sent: true });
      });
      const job = await inState(id, 'completed');
      assert.deepEqual(job.returnvalue, { sent: true });
      assert.equal(job.attemptsMade, 1);
      const [context] = seen;
      assert.ok(context);
      const { name, attempt, correlationId: correlation, retryOf } = context;
      assert.deepEqual([context.id, name, attempt, correlation, retryOf], [id, 'test_job', 1, ID, null]);
      assert.deepEqual(context.payload, { n: 1 });
      assert.equal(context.signal.aborted, false);
      assert.equal(system.log.find('email_sent')[0]?.correlation_id, ID);
      await countsBecome({ completed: 1, durations: 1 });
    });

    test('retries after the exact delays of the queue, then lets the job die; each is counted once', async () => {
      const attempts: number[] = [];
      const id = await run(base, (job) => {
        attempts.push(job.attempt);
        return Promise.reject(new Error(`attempt ${job.attempt}`));
      });
      for (const [index, delayMs] of [MINUTE, 5 * MINUTE].entries()) {
        const job = await inState(id, 'delayed');
        assert.equal(job.delay, delayMs);
        assert.equal(job.attemptsMade, index + 1);
        await countsBecome({ attemptsFailed: index + 1, durations: index + 1 });
        await job.promote();
      }
      const dead = await inState(id, 'failed');
      assert.deepEqual(attempts, [1, 2, 3]);
      assert.equal(dead.attemptsMade, 3);
      assert.equal(dead.failedReason, 'attempt 3');
      assert.ok((dead.finishedOn ?? 0) > 0);
      await countsBecome({ attemptsFailed: 2, failed: 1, durations: 3 });
      assert.equal(system.log.find('job_attempt_failed').length, 2);
      const [line, ...more] = system.log.find('job_failed');
      assert.equal(more.length, 0);
      assert.equal(line?.correlation_id, ID);
      assert.deepEqual(
        [line.metadata['queue'], line.metadata['job_id'], line.metadata['attempts']],
        ['test_queue', id, 3],
      );
    });

    test('retries at once where the delay is 0', async () => {
      const id = await run({ ...base, backoffMs: [0, 0, 0] }, (job) =>
        job.attempt < 3 ? Promise.reject(new Error('not yet')) : Promise.resolve(),
      );
      await inState(id, 'completed');
      await countsBecome({ attemptsFailed: 2, completed: 1, durations: 3 });
    });

    test('shortens a delay by at most the share of its jitter', async () => {
      const definition = { ...base, jitter: 0.5 };
      system.work(definition, () => Promise.reject(new Error('again')));
      const ids = await Promise.all(
        Array.from({ length: 20 }, () =>
          system.producer.enqueue(definition, { n: 1 }, { correlationId: null }),
        ),
      );
      const delays = await Promise.all(ids.map(async (id) => (await inState(id, 'delayed')).delay));
      assert.ok(
        delays.every((delay) => delay >= MINUTE / 2 && delay <= MINUTE),
        String(delays),
      );
      assert.ok(new Set(delays).size > 10);
    });

    test('aborts an attempt at its timeout, which fails the attempt', async () => {
      const definition = { ...base, timeoutMs: 100 };
      let reason: unknown;
      const id = await run(definition, async ({ signal }) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        reason = signal.reason;
        return 'too late to count';
      });
      const job = await inState(id, 'delayed');
      assert.equal(job.failedReason, 'The attempt was aborted after 100 ms, the timeout of queue test_queue');
      assert.equal((reason as Error).name, 'AttemptTimeoutError');
      await countsBecome({ attemptsFailed: 1, timedOut: 1, durations: 1 });
    });

    test('does not wait for a processor that ignores its signal, and goes on with other jobs', async () => {
      const definition = { ...once, timeoutMs: 100, concurrency: 1 };
      const id = await run(definition, ({ payload: { n } }) =>
        n === 1 ? new Promise(() => undefined) : Promise.resolve(),
      );
      await inState(id, 'failed');
      await inState(
        await system.producer.enqueue(definition, { n: 2 }, { correlationId: null }),
        'completed',
      );
    });

    test('fails a job for good at an UnrecoverableError', async () => {
      const id = await run(base, () => Promise.reject(new UnrecoverableError('no such address')));
      const job = await inState(id, 'failed');
      assert.equal(job.attemptsMade, 1);
      assert.equal(job.failedReason, 'no such address');
      await countsBecome({ failed: 1, durations: 1 });
    });

    test('fails a job whatever its processor throws', async () => {
      system.work(once, async ({ payload: { n } }) => {
        await Promise.resolve();
        throw ODD_FAILURES[n]?.[1]();
      });
      for (const [n, [what, , reason]] of ODD_FAILURES.entries()) {
        const job = await inState(
          await system.producer.enqueue(once, { n }, { correlationId: null }),
          'failed',
        );
        if (typeof reason === 'string') assert.equal(job.failedReason, reason, what);
        else assert.match(job.failedReason, reason, what);
      }
      await countsBecome({ failed: ODD_FAILURES.length, durations: ODD_FAILURES.length });
    });

    test('fails a job whose processor throws at once, without a promise', async () => {
      const id = await run(once, () => {
        throw new Error('at once');
      });
      assert.equal((await inState(id, 'failed')).failedReason, 'at once');
    });

    test('completes a job whose result can not be stored: its work is done', async () => {
      const circular: Record<string, unknown> = {};
      circular['self'] = circular;
      const results = [{ big: 5n }, circular, { text: 'a\0b' }, undefined, () => 1, Symbol('s')];
      system.work(once, ({ payload: { n } }) => Promise.resolve(results[n]));
      for (const n of results.keys()) {
        await inState(await system.producer.enqueue(once, { n }, { correlationId: null }), 'completed');
      }
      await countsBecome({ completed: results.length, durations: results.length });
    });

    test('lets a job with an invalid payload die at once, whoever put it there, and never runs it', async () => {
      let runs = 0;
      system.work(base, () => Promise.resolve((runs += 1)));
      const queue = system.engine.queue('test_queue');
      const { id } = await queue.add('test_job', { n: 'secret value' }, { attempts: 5, backoff: 1_000 });
      const job = await inState(id ?? '', 'failed');
      assert.equal(
        job.failedReason,
        'Queue test_queue refuses the payload: n Invalid input: expected number, received string',
      );
      assert.equal(job.attemptsMade, 1);
      assert.equal(runs, 0);
      assert.ok(!system.log.text().includes('secret value'));
      await countsBecome({ failed: 1, durations: 1 });
    });

    test('keeps a dead job though whoever enqueued it wanted it deleted', async () => {
      system.work(once, () => Promise.reject(new Error('no')));
      const queue = system.engine.queue('test_queue');
      const { id } = await queue.add('foreign', { n: 1 }, { removeOnFail: true });
      await inState(id ?? '', 'failed');
    });

    test('runs a job of somebody else, who says nothing of where it comes from', async () => {
      const seen: unknown[] = [];
      system.work(base, (job) => {
        seen.push(job.name, job.correlationId, job.retryOf);
        return Promise.resolve();
      });
      const { id } = await system.engine.queue('test_queue').add('foreign', { n: 1 });
      await inState(id ?? '', 'completed');
      assert.deepEqual(seen, ['foreign', null, null]);
    });

    test('tells the processor of which dead letter a job is the retry', async () => {
      const seen: unknown[] = [];
      system.work(base, (job) => {
        seen.push(job.retryOf);
        return Promise.resolve();
      });
      const opts = { attempts: 1, fmhl: { correlation_id: ID, retry_of: ENTRY } };
      const { id } = await system.engine.queue('test_queue').add('test_job', { n: 1 }, opts);
      await inState(id ?? '', 'completed');
      assert.deepEqual(seen, [ENTRY]);
    });

    test('runs as many jobs at once as its queue allows, and no more', async () => {
      const definition = { ...base, concurrency: 3 };
      let running = 0;
      let most = 0;
      let release: () => void = () => undefined;
      const gate = new Promise<void>((resolve) => (release = resolve));
      system.work(definition, async () => {
        running += 1;
        most = Math.max(most, running);
        await gate;
        running -= 1;
      });
      const ids = await Promise.all(
        Array.from({ length: 9 }, () =>
          system.producer.enqueue(definition, { n: 1 }, { correlationId: null }),
        ),
      );
      await eventually(() => running === 3);
      release();
      for (const id of ids) await inState(id, 'completed');
      assert.equal(most, 3);
      await countsBecome({ completed: 9, durations: 9 });
    });

    test('aborts an attempt whose job was given to another worker, and counts only what comes of that', async () => {
      const reasons: unknown[] = [];
      const id = await run(base, async (attempt) => {
        if (reasons.length > 0) return;
        await stealLock(attempt.id);
        await new Promise((resolve) => attempt.signal.addEventListener('abort', resolve, { once: true }));
        reasons.push(attempt.signal.reason);
      });
      const job = await inState(id, 'completed');
      assert.equal((reasons[0] as Error).message, 'The lock of the job was lost');
      assert.equal(job.attemptsMade, 1);
      await countsBecome({ completed: 1, durations: 2 });
      assert.equal(system.log.find('job_stalled')[0]?.metadata['job_id'], id);
    });

    test('starts no more jobs in a time than the rate limit of its queue', async () => {
      const definition = { ...base, rateLimit: { max: 3, perMs: 60_000 } };
      const ids = await Promise.all(
        Array.from({ length: 9 }, () =>
          system.producer.enqueue(definition, { n: 1 }, { correlationId: null }),
        ),
      );
      let started = 0;
      system.work(definition, () => Promise.resolve((started += 1)));
      await eventually(() => started >= 3, { what: 'the jobs of the first period' });
      const queue = system.engine.queue(definition.name);
      // The engine itself says that nobody may start another now, and for how long.
      await eventually(async () => (await queue.getRateLimitTtl(3)) > 0, { what: 'the limit is reached' });
      assert.equal(started, 3);
      const states = await Promise.all(ids.map(async (id) => (await queue.getJob(id))?.getState()));
      assert.equal(states.filter((state) => state !== 'completed' && state !== 'active').length, 6);
    });
  });
}

function named(name: string): Error {
  return Object.assign(new Error('mine'), { name });
}
