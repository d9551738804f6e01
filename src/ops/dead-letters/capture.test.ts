import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { correlationId } from '../../../contract/ids.ts';
import { UnrecoverableError } from '../../platform/engine/engine.ts';
import { capture, captureDeps, deadLetterRows } from '../../../test/helpers/capture.ts';
import { eventually } from '../../../test/helpers/eventually.ts';
import { createTestSystem, ENGINES, testQueue, type TestSystem } from '../../../test/helpers/system.ts';

const QUEUE = testQueue.name;

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
      assert.equal(await capture(system), 1);
      const [row, ...others] = await deadLetterRows(system);
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
        ...captureDeps(system),
        engine: { ...system.engine, removeFailed: () => Promise.reject(new Error('killed')) },
      };
      await assert.rejects(capture(system, broken), /killed/);
      assert.equal((await deadLetterRows(system)).length, 1);
      assert.equal(await system.engine.queue(QUEUE).getFailedCount(), 1);
      assert.equal(await capture(system), 0, 'nothing new');
      assert.equal((await deadLetterRows(system)).length, 1);
      assert.equal(await system.engine.queue(QUEUE).getFailedCount(), 0);
      await sql`DELETE FROM dead_letter_queue`.execute(system.db);
    });

    test('two captures at once make one entry per death', async () => {
      const many = Array.from({ length: 40 }, () =>
        system.producer.enqueue(testQueue, {}, { correlationId: null }),
      );
      await Promise.all(many);
      await died(40);
      const counts = await Promise.all([1, 2, 3].map(() => capture(system)));
      assert.equal(
        counts.reduce((sum, count) => sum + count, 0),
        40,
      );
      assert.equal((await deadLetterRows(system)).length, 40);
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
      const broken = { ...captureDeps(system), engine: { ...system.engine, storedJobs: cutOff } };
      await assert.rejects(capture(system, broken), /away/);
      assert.equal(await system.engine.queue(QUEUE).getFailedCount(), 203);

      assert.equal(await capture(system), 203);
      assert.equal(await system.engine.queue(QUEUE).getFailedCount(), 0);
      await sql`DELETE FROM dead_letter_queue`.execute(system.db);
    });

    test('a job id that died before can die again: two entries', async () => {
      for (const round of [1, 2]) {
        await system.producer.enqueue(testQueue, { round }, { correlationId: null, jobId: 'daily-report' });
        await died(1);
        await capture(system);
      }
      assert.deepEqual(
        (await deadLetterRows(system)).map((row) => row.payload),
        [{ round: 1 }, { round: 2 }],
      );
      await sql`DELETE FROM dead_letter_queue`.execute(system.db);
    });

    test('jobs of megabytes, of which a few are read at a time, are all captured', async () => {
      const sizes = [3_000_000, 3_000_000, 3_000_000, 1];
      for (const size of sizes) {
        await system.producer.enqueue(testQueue, { text: 'x'.repeat(size) }, { correlationId: null });
      }
      await died(sizes.length);
      assert.equal(await capture(system), sizes.length);
      assert.equal(await system.engine.queue(QUEUE).getFailedCount(), 0);
      await sql`DELETE FROM dead_letter_queue`.execute(system.db);
    });

    test('an entry that was captured later has a greater id, so that new ones stand together in the indexes', async () => {
      for (let round = 0; round < 3; round += 1) {
        await system.producer.enqueue(testQueue, { round }, { correlationId: null });
        await died(1);
        await capture(system);
      }
      const ids = (await deadLetterRows(system)).map(({ id }) => id);
      assert.equal(ids.length, 3);
      assert.deepEqual(ids, ids.toSorted());
      await sql`DELETE FROM dead_letter_queue`.execute(system.db);
    });
  });
}
