import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { sql } from 'kysely';
import { z } from 'zod';
import { correlationId } from '../../../contract/ids.ts';
import { eventually } from '../../../test/helpers/eventually.ts';
import { startRedis } from '../../../test/helpers/redis.ts';
import { createTestSystem, ENGINES, testQueue, type TestSystem } from '../../../test/helpers/system.ts';
import { defineQueue } from '../queues/definition.ts';
import { InvalidPayloadError, metaOf } from '../queues/job.ts';
import { enqueueIn } from './enqueue-in.ts';
import { observeOutbox, relayBatch, startRelay } from './relay.ts';

const QUEUE = testQueue.name;

interface OutboxRow {
  job_id: string;
  attempts: number;
  last_error: string | null;
  waits: boolean;
}

async function outbox(system: TestSystem): Promise<OutboxRow[]> {
  const { rows } = await sql<OutboxRow>`
    SELECT job_id, attempts, last_error, next_attempt_at > now() AS waits FROM outbox ORDER BY id`.execute(
    system.db,
  );
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
