import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { sql } from 'kysely';
import type { DeadLetterId } from '../../../contract/ids.ts';
import { makeDeadLetter, makeDeadLetters } from '../../../test/factories/dead-letters.ts';
import { createTestApi, type TestApi } from '../../../test/helpers/api.ts';
import { eventually } from '../../../test/helpers/eventually.ts';
import { createTestSystem, ENGINES, testQueue, type TestSystem } from '../../../test/helpers/system.ts';
import { relayBatch } from '../outbox/relay.ts';
import { captureQueue } from './capture.ts';
import { createFollower } from './follow-retries.ts';
import { openRetries, settleRetries, settleVanished } from './follow-store.ts';
import { retryOf } from './lineage.ts';
import { createSetAside } from './set-aside.ts';

const DLQ = '/api/v1/admin/queues/dlq';

for (const kind of ENGINES) {
  describe(`what became of retries on ${kind}`, () => {
    let system: TestSystem;
    let api: TestApi;
    before(async () => {
      system = await createTestSystem(kind);
      api = await createTestApi(system);
    });
    after(async () => {
      await api.close();
      await system.close();
    });
    beforeEach(async () => {
      await sql`TRUNCATE dead_letter_queue, dead_letter_groups, dead_letter_retries, outbox`.execute(
        system.db,
      );
      await system.engine.queue(testQueue.name).obliterate({ force: true });
    });

    const retry = async (id: DeadLetterId): Promise<void> => {
      assert.equal((await api.call('POST', `${DLQ}/${id}/retry`)).status, 200);
      await relayBatch(system);
    };
    const outcomeOf = async (id: DeadLetterId) => (await retryOf(system.db, id))?.outcome;
    const follower = (clock = system.clock) => createFollower({ ...system, clock, definitions: [testQueue] });

    test('a job that completed has succeeded, and its group counts it once', async () => {
      const [helped, waits] = await makeDeadLetters(system.db, [{}, {}]);
      await retry(helped!);
      const follow = follower();
      assert.equal(await follow(), 0, 'it waits for a worker');
      assert.equal(await outcomeOf(helped!), null);
      const worker = system.work(testQueue, () => Promise.resolve());
      await eventually(async () => (await follow()) === 1, { what: 'the outcome is known' });
      await worker.stop(1_000);
      await retry(waits!);
      assert.equal(await follow(), 0);
      assert.deepEqual([await outcomeOf(helped!), await outcomeOf(waits!)], ['succeeded', null]);
      const { body } = await api.call('GET', `${DLQ}/groups?resolved=all`);
      const { groups } = body as { groups: { retried: number; retries_succeeded: number }[] };
      assert.deepEqual(
        groups.map(({ retried, retries_succeeded: succeeded }) => [retried, succeeded]),
        [[2, 1]],
      );
    });

    test('a job that died again is told by its capture, as the second death of its line', async () => {
      const id = await makeDeadLetter(system.db);
      await retry(id);
      const worker = system.work(testQueue, () => Promise.reject(new Error('SMTP timeout')));
      const deps = { ...system, setAside: createSetAside(system) };
      await eventually(
        async () => (await captureQueue(testQueue.name, deps, new AbortController().signal)).captured === 1,
        { what: 'the second death is captured' },
      );
      await worker.stop(1_000);
      assert.equal(await outcomeOf(id), 'died');
      assert.equal(await follower()(), 0);
      const { rows } = await sql<{ deaths: number }>`
        SELECT deaths FROM dead_letter_queue WHERE retry_of = ${id}`.execute(system.db);
      assert.deepEqual(rows, [{ deaths: 2 }]);
    });

    test('a job that is gone without a trace is unknown, but not while it may be on its way', async () => {
      const id = await makeDeadLetter(system.db);
      await api.call('POST', `${DLQ}/${id}/retry`);
      const later = { now: () => Date.now() + testQueue.retention.completedForMs + 60_000 };
      assert.equal(await follower(later)(), 0, 'it is in the outbox');
      await relayBatch(system);
      await (await system.engine.queue(testQueue.name).getJob(`retry-${id}`))?.remove();
      await sql`DELETE FROM outbox`.execute(system.db);
      assert.equal(await follower()(), 0, 'not so soon');
      assert.equal(await follower(later)(), 1);
      assert.equal(await outcomeOf(id), 'unknown');
    });
  });
}

test('rounds walk on past jobs that wait, and begin anew at the end', async () => {
  const system = await createTestSystem('redis');
  try {
    await sql`
      INSERT INTO dead_letter_retries (dead_letter_id, queue_name, group_id, job_id, made_at)
      SELECT gen_random_uuid(), ${testQueue.name}, gen_random_uuid(), 'waits-' || n,
             now() - interval '1 hour' + n * interval '1 microsecond' FROM generate_series(1, 600) AS n`.execute(
      system.db,
    );
    await system.producer.deliver(
      testQueue.name,
      Array.from({ length: 600 }, (_, n) => ({
        name: 'test_job',
        data: {},
        opts: { jobId: `waits-${n + 1}`, fmhl: { correlation_id: null, retry_of: null } },
      })),
    );
    const follow = createFollower({ ...system, definitions: [testQueue] });
    await follow();
    const last = await system.engine.queue(testQueue.name).getJob('waits-600');
    await last?.remove();
    await sql`UPDATE dead_letter_retries SET made_at = now() - interval '2 days' WHERE job_id = 'waits-600'`.execute(
      system.db,
    );
    assert.deepEqual([await follow(), await follow()], [0, 0], 'the rest of this walk');
    assert.equal(await follow(), 1, 'the next begins with the oldest');
  } finally {
    await system.close();
  }
});

test('a round reads along an index what it needs, although the planner knows nothing of the table', async () => {
  const system = await createTestSystem('redis');
  try {
    await sql`
      INSERT INTO dead_letter_retries (dead_letter_id, queue_name, group_id, job_id, made_at)
      SELECT gen_random_uuid(), 'queue', gen_random_uuid(), 'job-' || n, now() FROM generate_series(1, 20000) AS n`.execute(
      system.db,
    );
    await system.db.transaction().execute(async (tx) => {
      const readOfOpen = async (): Promise<unknown> =>
        (
          await sql<{ entries: number }>`
            SELECT pg_stat_get_xact_tuples_returned('dead_letter_retries_open'::regclass)::int AS entries`.execute(
            tx,
          )
        ).rows[0]?.entries;
      const first = await openRetries(tx, null, 100);
      assert.equal(await readOfOpen(), 100);
      const next = await openRetries(tx, first.at(-1) ?? null, 100);
      assert.equal(await readOfOpen(), 200);
      const ids = [...first, ...next].map(({ id }) => id);
      assert.equal(await settleRetries(tx, ids.slice(0, 100), new Date()), 100);
      assert.equal(await settleVanished(tx, ids, new Date()), 100);
      assert.equal(await readOfOpen(), 200, 'by their ids');
    });
  } finally {
    await system.close();
  }
});
