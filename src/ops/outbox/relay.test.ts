import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { sql } from 'kysely';
import { z } from 'zod';
import { correlationId } from '../../../contract/ids.ts';
import { eventually } from '../../../test/helpers/eventually.ts';
import { startRedis, type RedisServer } from '../../../test/helpers/redis.ts';
import { createTestSystem, ENGINES, testQueue, type TestSystem } from '../../../test/helpers/system.ts';
import { defineQueue } from '../queues/definition.ts';
import { InvalidPayloadError, metaOf } from '../queues/job.ts';
import { enqueueIn } from './enqueue-in.ts';
import { observeOutbox, relayBatch, startRelay } from './relay.ts';
import { backlog, forget, reviewDelivered } from './store.ts';

const QUEUE = testQueue.name;

interface OutboxRow {
  job_id: string;
  attempts: number;
  last_error: string | null;
  waits: boolean;
}

/** The jobs that wait in the outbox. */
async function outbox(system: TestSystem): Promise<OutboxRow[]> {
  const { rows } = await sql<OutboxRow>`
    SELECT job_id, attempts, last_error, next_attempt_at > now() AS waits
      FROM outbox WHERE delivered_at IS NULL ORDER BY id`.execute(system.db);
  return rows;
}

for (const kind of ENGINES) {
  describe(`the outbox on ${kind}`, () => {
    let system: TestSystem;
    before(async () => {
      system = await createTestSystem(kind);
    });
    after(() => system.close());
    beforeEach(async () => {
      await sql`TRUNCATE outbox`.execute(system.db);
      await system.engine.queue(QUEUE).obliterate({ force: true });
    });

    test('a job of a transaction that commits is handed over, with its payload, options and correlation id', async () => {
      const correlation = correlationId.parse(randomUUID());
      const payload = { text: 'tab\t quote" 👍', n: 1.5, list: [null, true] };
      const id = await system.db
        .transaction()
        .execute((tx) => enqueueIn(tx, testQueue, payload, { correlationId: correlation, priority: 3 }));
      assert.equal(await relayBatch(system), 1);
      const job = await system.engine.queue(QUEUE).getJob(id);
      assert.deepEqual(job?.data, payload);
      assert.equal(job.name, testQueue.jobName);
      assert.equal(job.opts.priority, 3);
      assert.equal(metaOf(job).correlation_id, correlation);
      assert.deepEqual(await outbox(system), []);
    });

    test('a job of a transaction that rolls back never exists', async () => {
      await assert.rejects(
        system.db.transaction().execute(async (tx) => {
          await enqueueIn(tx, testQueue, {}, { correlationId: null });
          throw new Error('rolled back');
        }),
        /rolled back/,
      );
      assert.equal(await relayBatch(system), 0);
      assert.equal(await system.engine.queue(QUEUE).count(), 0);
    });

    test('a payload that the queue refuses fails the transaction, and nothing is written', async () => {
      const strict = defineQueue({ ...testQueue, payload: z.object({ to: z.email() }) });
      await assert.rejects(
        system.db
          .transaction()
          .execute((tx) => enqueueIn(tx, strict, { to: 'nobody' }, { correlationId: null })),
        (error) =>
          error instanceof InvalidPayloadError &&
          error.problems[0]?.field === 'to' &&
          !error.message.includes('nobody'),
      );
      assert.deepEqual(await outbox(system), []);
    });

    test('a job that the engine refuses waits for its next try and does not hold up the others', async () => {
      await system.db.transaction().execute(async (tx) => {
        await enqueueIn(tx, testQueue, { n: 1 }, { correlationId: null, jobId: 'first' });
        // BullMQ takes no id that is all digits.
        await enqueueIn(tx, testQueue, { n: 2 }, { correlationId: null, jobId: '12345' });
        await enqueueIn(tx, testQueue, { n: 3 }, { correlationId: null, jobId: 'third' });
      });
      await relayBatch(system);
      const rows = await outbox(system);
      assert.deepEqual(
        rows.map((row) => [row.job_id, row.attempts, row.waits]),
        [['12345', 1, true]],
      );
      assert.match(rows[0]?.last_error ?? '', /integer/i);
      const waiting = await system.engine.queue(QUEUE).getJobs(['waiting']);
      assert.deepEqual(waiting.map((job) => job.id).sort(), ['first', 'third']);
      assert.equal(await system.metric(`fmhl_outbox_failures_total{queue="${QUEUE}"}`), 1);
      assert.equal(system.log.find('outbox_delivery_failed').at(-1)?.metadata.job_id, '12345');
      assert.equal(await relayBatch(system), 0, 'not due again at once');
    });

    test('a batch that was read too long ago is not handed over, and stays as it was', async () => {
      const id = await system.db
        .transaction()
        .execute((tx) => enqueueIn(tx, testQueue, {}, { correlationId: null }));
      await assert.rejects(relayBatch({ ...system, staleAfterMs: -1 }), /too long ago/);
      assert.equal(await system.engine.queue(QUEUE).getJob(id), undefined);
      assert.deepEqual(
        (await outbox(system)).map((row) => [row.job_id, row.attempts]),
        [[id, 0]],
      );
      assert.equal(await relayBatch(system), 1);
    });

    test('two relays at once hand each job over once', async () => {
      await system.db.transaction().execute(async (tx) => {
        for (let n = 0; n < 700; n += 1) await enqueueIn(tx, testQueue, { n }, { correlationId: null });
      });
      const before = (await system.metric(`fmhl_outbox_delivered_total{queue="${QUEUE}"}`)) ?? 0;
      const taken = await Promise.all([relayBatch(system), relayBatch(system), relayBatch(system)]);
      assert.equal(
        taken.reduce((sum, count) => sum + count, 0),
        700,
      );
      assert.equal((await system.metric(`fmhl_outbox_delivered_total{queue="${QUEUE}"}`)) ?? 0, before + 700);
      assert.equal(await system.engine.queue(QUEUE).getWaitingCount(), 700);
    });

    test('a job that was handed over is kept for a while, and then forgotten', async () => {
      await system.db
        .transaction()
        .execute((tx) => enqueueIn(tx, testQueue, {}, { correlationId: null, jobId: 'kept' }));
      const kept = async (): Promise<number> =>
        (await sql`SELECT FROM outbox WHERE delivered_at IS NOT NULL`.execute(system.db)).rows.length;
      await relayBatch(system);
      assert.equal(await relayBatch(system), 0, 'it does not wait any more');
      assert.equal(await kept(), 1);
      await relayBatch({ ...system, keptForMs: 0 });
      assert.equal(await kept(), 0);
    });

    test('an id that was handed over can be used again while its row is kept', async () => {
      const enqueue = (n: number): Promise<string> =>
        system.db
          .transaction()
          .execute((tx) => enqueueIn(tx, testQueue, { n }, { correlationId: null, jobId: 'again' }));
      await enqueue(1);
      await relayBatch(system);
      await (await system.engine.queue(QUEUE).getJob('again'))?.remove();
      await enqueue(2);
      assert.equal(await relayBatch(system), 1);
      assert.deepEqual((await system.engine.queue(QUEUE).getJob('again'))?.data, { n: 2 });
    });

    test('the same job id twice in the outbox is one job', async () => {
      for (const n of [1, 2]) {
        await system.db
          .transaction()
          .execute((tx) => enqueueIn(tx, testQueue, { n }, { correlationId: null, jobId: 'approve-1' }));
      }
      assert.equal((await outbox(system)).length, 1);
    });
  });
}

test('a job that the engine refuses is counted, and does not look like a relay that stands still', async () => {
  const system = await createTestSystem('redis');
  try {
    await system.db
      .transaction()
      // BullMQ takes no id that is all digits.
      .execute((tx) => enqueueIn(tx, testQueue, {}, { correlationId: null, jobId: '12345' }));
    await relayBatch(system);
    await sql`UPDATE outbox SET created_at = now() - interval '1 day', next_attempt_at = now() + interval '5 minutes'`.execute(
      system.db,
    );
    assert.deepEqual(await backlog(system.db), { depth: 1, postponed: 1, oldestSeconds: 0 });
    observeOutbox(system);
    assert.equal(await system.metric('fmhl_outbox_postponed'), 1);
    assert.equal(await system.metric('fmhl_outbox_oldest_seconds'), 0);
    // It is due again, and no relay takes it.
    await sql`UPDATE outbox SET next_attempt_at = now() - interval '90 seconds'`.execute(system.db);
    const { oldestSeconds, ...counts } = await backlog(system.db);
    assert.deepEqual(counts, { depth: 1, postponed: 0 });
    assert.ok(oldestSeconds >= 90 && oldestSeconds < 150, String(oldestSeconds));
  } finally {
    await system.close();
  }
});

test('while the engine is down the outbox keeps its jobs, says so in its gauges, and delivers once it is back', async () => {
  const redis = await startRedis(['--appendonly', 'yes']);
  const system = await createTestSystem('redis', { redisUrl: redis.url });
  observeOutbox(system);
  const relay = startRelay(system);
  try {
    await redis.kill9();
    const id = await system.db
      .transaction()
      .execute((tx) => enqueueIn(tx, testQueue, {}, { correlationId: null }));
    await eventually(
      async () => (await system.metric('fmhl_loop_runs_total{loop="outbox_relay",outcome="failed"}'))! > 0,
      {
        what: 'a failed round',
      },
    );
    assert.deepEqual(
      (await outbox(system)).map((row) => [row.job_id, row.attempts]),
      [[id, 0]],
    );
    assert.equal(await system.metric('fmhl_outbox_depth'), 1);
    assert.ok((await system.metric('fmhl_outbox_oldest_seconds'))! > 0);
    await redis.restart();
    await eventually(async () => (await system.engine.queue(QUEUE).getJob(id)) !== undefined, {
      what: 'the job is delivered',
      timeoutMs: 30_000,
    });
    await eventually(async () => (await outbox(system)).length === 0);
  } finally {
    await relay.stop();
    await system.close();
    await redis.stop();
  }
});

test('an engine that takes no jobs for now, though it answers, postpones none of them', async () => {
  const redis = await startRedis();
  const system = await createTestSystem('redis', { redisUrl: redis.url });
  const admin = new Redis(redis.url);
  try {
    for (let n = 0; n < 3; n += 1) {
      await system.db.transaction().execute((tx) => enqueueIn(tx, testQueue, { n }, { correlationId: null }));
    }
    await admin.config('SET', 'maxmemory', '1');
    await assert.rejects(relayBatch(system), /OOM/);
    assert.deepEqual(
      (await outbox(system)).map((row) => [row.attempts, row.waits]),
      [
        [0, false],
        [0, false],
        [0, false],
      ],
    );
    await admin.config('SET', 'maxmemory', '0');
    assert.equal(await relayBatch(system), 3);
    assert.deepEqual(await outbox(system), []);
  } finally {
    admin.disconnect();
    await system.close();
    await redis.stop();
  }
});

test('a look at what was handed over reads the ends of an index, however much of the table was deleted', async () => {
  const system = await createTestSystem('redis');
  try {
    await sql`
      INSERT INTO outbox (queue_name, job_id, job_name, payload, job_options, delivered_at, delivered_to)
      SELECT ${QUEUE}, n::text, 'test', '{}', '{}', now() - interval '1 hour', 'a server'
        FROM generate_series(1, 20000) AS n`.execute(system.db);
    // The planner believes that any row will do, and those at the beginning of the table are gone.
    await sql`ANALYZE outbox`.execute(system.db);
    await sql`DELETE FROM outbox WHERE job_id <> '20000'`.execute(system.db);
    await system.db.transaction().execute(async (tx) => {
      const readsOfAll = async (): Promise<unknown> =>
        (await sql`SELECT pg_stat_get_xact_numscans('outbox'::regclass) AS scans`.execute(tx)).rows;
      const before = await readsOfAll();
      assert.deepEqual(await reviewDelivered(tx, 'a server', 30_000), { toAnother: false, old: true });
      assert.deepEqual(await readsOfAll(), before);
    });
  } finally {
    await system.close();
  }
});

describe('when Redis comes back without what it acknowledged last', () => {
  let redis: RedisServer;
  let system: TestSystem;
  beforeEach(async () => {
    // Nothing is written to disk: a restart loses everything.
    redis = await startRedis();
    system = await createTestSystem('redis', { redisUrl: redis.url });
  });
  afterEach(async () => {
    await system.close();
    await redis.stop();
  });
  const enqueue = (jobId: string): Promise<string> =>
    system.db.transaction().execute((tx) => enqueueIn(tx, testQueue, {}, { correlationId: null, jobId }));
  const inEngine = async (jobId: string): Promise<boolean> =>
    (await system.engine.queue(QUEUE).getJob(jobId)) !== undefined;
  const relayed = (): Promise<number> =>
    eventually(() => relayBatch(system), { what: 'the engine takes jobs again', timeoutMs: 30_000 });

  test('the jobs that it had taken are handed over again, once', async () => {
    await enqueue('lost');
    await relayBatch(system);
    await redis.restart();
    assert.equal(await relayed(), 1);
    assert.equal(await inEngine('lost'), true);
    assert.equal(system.log.find('outbox_taken_back').length, 1);
    assert.equal(await relayBatch(system), 0);
  });

  test('a job that died and was captured is not made anew', async () => {
    await enqueue('dead');
    await relayBatch(system);
    await system.db.transaction().execute((tx) => forget(tx, QUEUE, ['dead']));
    await redis.restart();
    assert.equal(await relayed(), 0);
    assert.equal(await inEngine('dead'), false);
  });

  test('a server that is restarted during a hand-over leaves no job noted that it may have lost', async () => {
    await enqueue('unsure');
    let restarted = false;
    const deliver: TestSystem['producer']['deliver'] = async (...job) => {
      await system.producer.deliver(...job);
      if (!restarted) await redis.restart();
      restarted = true;
    };
    const producer = { ...system.producer, deliver };
    await assert.rejects(relayBatch({ ...system, producer }));
    assert.deepEqual(
      (await outbox(system)).map(({ job_id: jobId }) => jobId),
      ['unsure'],
    );
    assert.equal(await relayed(), 1);
    assert.equal(await inEngine('unsure'), true);
  });
});
