import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { sql } from 'kysely';
import { z } from 'zod';
import { entryOutcome } from '../../../../contract/dead-letter-operations.ts';
import type { DeadLetterId } from '../../../../contract/ids.ts';
import { makeDeadLetter, makeDeadLetters } from '../../../../test/factories/dead-letters.ts';
import { type TestApi, useTestApi } from '../../../../test/helpers/api.ts';
import {
  OPERATIONS,
  outcomesOf,
  readOperation,
  retriedInOutbox,
  runAll,
  startOperation,
} from '../../../../test/helpers/dead-letter-operations.ts';
import { eventually } from '../../../../test/helpers/eventually.ts';
import { testQueue, type TestSystem } from '../../../../test/helpers/system.ts';
import { createMetrics } from '../../metrics/registry.ts';
import { relayBatch } from '../../outbox/relay.ts';
import { defineQueue } from '../../queues/definition.ts';
import { createRunner, startOperations } from './run.ts';
import { takeTurn } from './turn.ts';

const strictQueue = defineQueue({
  ...testQueue,
  name: 'strict_queue',
  payload: z.object({ to: z.email() }),
});

let system: TestSystem;
let api: TestApi;
const deps = () => ({ ...system, definitions: [testQueue, strictQueue] });
const never = new AbortController().signal;
useTestApi((made) => ({ system, api } = made), [testQueue, strictQueue]);
beforeEach(async () => {
  await sql`TRUNCATE dead_letter_queue, dead_letter_retries, dead_letter_operations,
                     dead_letter_operation_entries, outbox`.execute(system.db);
});

const many = (count: number): Promise<DeadLetterId[]> =>
  makeDeadLetters(
    system.db,
    Array.from({ length: count }, () => ({})),
  );
const sorted = (ids: readonly string[]): string[] => [...ids].sort();

describe('a retry in bulk', () => {
  test('replays payload, options and correlation as a single one does, whatever characters they have', async () => {
    const payloadText = '{"a":"\\u0000","b":"\\udc00","c":1.10}';
    const options = { attempts: 3, priority: 7, delay: 40, jobId: 'old', deduplication: { id: 'held' } };
    const odd = await makeDeadLetter(system.db, { payload: { a: '?' }, payloadText, options });
    const long = await makeDeadLetter(system.db, { payload: { text: 'x'.repeat(50_000) } });
    const { id } = await startOperation(api, { action: 'retry', filter: {} });
    await runAll(deps());
    const { rows } = await sql<{ text: string }>`
      SELECT payload::text AS text FROM outbox WHERE job_id = ${`retry-${odd}`}`.execute(system.db);
    assert.deepEqual(rows, [{ text: payloadText }]);
    assert.deepEqual(await outcomesOf(api, id), { [odd]: 'retried', [long]: 'retried' });
    await relayBatch(system);
    const queue = system.engine.queue(testQueue.name);
    const job = await queue.getJob(`retry-${odd}`);
    assert.deepEqual(job?.data, { a: '\0', b: '\udc00', c: 1.1 });
    const { attempts, priority, delay, deduplication } = job.opts;
    assert.deepEqual(
      { attempts, priority, delay, deduplication },
      { attempts: 3, priority: 7, delay: 40, deduplication: undefined },
    );
    assert.deepEqual((await queue.getJob(`retry-${long}`))?.data, { text: 'x'.repeat(50_000) });
  });

  test('makes no job of a payload that its queue refuses today, nor for a queue that is gone', async () => {
    const [good, refused, orphan] = await makeDeadLetters(system.db, [
      { queueName: strictQueue.name, payload: { to: 'a@example.com' } },
      { queueName: strictQueue.name, payload: { to: 'nobody' } },
      { queueName: 'removed_queue' },
    ]);
    const { id } = await startOperation(api, { action: 'retry', filter: {} });
    await runAll(deps());
    assert.deepEqual(await outcomesOf(api, id), {
      [String(good)]: 'retried',
      [String(refused)]: 'payload_refused',
      [String(orphan)]: 'queue_not_defined',
    });
    assert.deepEqual(await retriedInOutbox(system), [good]);
    const { rows } = await sql<{ id: string }>`SELECT id FROM dead_letter_queue WHERE NOT resolved`.execute(
      system.db,
    );
    assert.deepEqual(sorted(rows.map((row) => row.id)), sorted([String(refused), String(orphan)]));
  });

  test('goes on past an entry that PostgreSQL refuses', async () => {
    const ids = await many(5);
    await sql`CREATE FUNCTION refuse_one() RETURNS trigger LANGUAGE plpgsql AS $$
              BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '22000'; END $$`.execute(system.db);
    await sql`CREATE TRIGGER refuse_one BEFORE INSERT ON outbox FOR EACH ROW
              WHEN (NEW.job_id = '${sql.raw(`retry-${ids[2]}`)}') EXECUTE FUNCTION refuse_one()`.execute(
      system.db,
    );
    try {
      const { id } = await startOperation(api, { action: 'retry', filter: {} });
      await runAll(deps());
      const outcomes = await outcomesOf(api, id);
      assert.deepEqual(
        outcomes,
        Object.fromEntries(ids.map((one, n) => [one, n === 2 ? 'payload_refused' : 'retried'])),
      );
      assert.equal((await readOperation(api, id)).state, 'completed');
    } finally {
      await sql`DROP TRIGGER refuse_one ON outbox`.execute(system.db);
      await sql`DROP FUNCTION refuse_one`.execute(system.db);
    }
  });
});

describe('who works on what', () => {
  test('two runners at once do nothing twice', async () => {
    const ids = await many(60);
    const { id } = await startOperation(api, { action: 'retry', filter: {} });
    let done = 0;
    const work = async (): Promise<void> => {
      // Until the operation is over: a turn that the other one has gives null.
      while ((await readOperation(api, id)).state === 'running') {
        const count = (await takeTurn(id, 7, deps())) ?? 0;
        done += count;
      }
    };
    await Promise.all([work(), work()]);
    assert.equal(done, 60);
    assert.deepEqual(sorted(await retriedInOutbox(system)), sorted(ids));
    const { processed, succeeded } = await readOperation(api, id);
    assert.deepEqual([processed, succeeded], [60, 60]);
  });

  test('operations on the same entries, and single requests for them, resolve each once', async () => {
    const ids = await many(40);
    const operations = await Promise.all([
      startOperation(api, { action: 'retry', filter: {} }),
      startOperation(api, { action: 'retry', ids: [...ids].reverse() }),
      startOperation(api, { action: 'discard', filter: { queue: testQueue.name } }),
    ]);
    const work = async (id: (typeof operations)[number]['id']): Promise<void> => {
      while ((await takeTurn(id, 9, deps())) !== null);
    };
    const singles = ids.slice(10, 30).map((id) => api.call('POST', `${OPERATIONS}/../${id}/retry`));
    const [answers] = await Promise.all([Promise.all(singles), ...operations.map(({ id }) => work(id))]);
    const single = answers.filter(({ status }) => status === 200).length;
    assert.ok(answers.every(({ status }) => status === 200 || status === 409));
    const done = await Promise.all(operations.map(({ id }) => readOperation(api, id)));
    assert.equal(
      done.reduce((sum, { succeeded }) => sum + succeeded, single),
      40,
    );
    assert.ok(done.every(({ state, processed }) => state === 'completed' && processed === 40));
    const { rows } = await sql<{ id: string }>`
      SELECT id FROM dead_letter_queue WHERE resolution = 'retried'`.execute(system.db);
    assert.deepEqual(sorted(await retriedInOutbox(system)), sorted(rows.map((row) => row.id)));
    // In the engine too, each retried entry has one follower.
    while ((await relayBatch(system)) > 0);
    const jobs = await system.engine.queue(testQueue.name).getJobs(['waiting']);
    const made = jobs.map(({ id }) => String(id)).filter((id) => ids.some((one) => id === `retry-${one}`));
    assert.deepEqual(sorted(made), sorted(rows.map((row) => `retry-${row.id}`)));
  });

  test('every outcome is exported as 0 before any entry has it', async () => {
    const metrics = createMetrics({ role: 'start', version: '0.0.0', queues: [], logger: system.logger });
    createRunner({ ...deps(), metrics });
    const lines = (await metrics.expose()).split('\n');
    for (const outcome of entryOutcome.options) {
      const series = `fmhl_dlq_operation_entries_total{outcome="${outcome}"}`;
      assert.ok(lines.includes(`${series} 0`), series);
    }
  });

  test('operations take turns', async () => {
    const [first, second] = [await many(2_100), await many(2)];
    const long = await startOperation(api, { action: 'discard', ids: first });
    const short = await startOperation(api, { action: 'discard', ids: second });
    const run = createRunner(deps());
    await run(never);
    assert.equal((await readOperation(api, short.id)).state, 'completed');
    assert.equal((await readOperation(api, long.id)).processed, 2_000);
  });

  test('the trouble of one operation does not keep the others waiting', async () => {
    const [bad, good] = [await many(1), await many(1)];
    const broken = await startOperation(api, { action: 'discard', ids: bad });
    const sound = await startOperation(api, { action: 'discard', ids: good });
    // Its filter can't be read any more.
    await sql`UPDATE dead_letter_operations SET state = 'selecting', filter = '{"gone":1}' WHERE id = ${broken.id}`.execute(
      system.db,
    );
    assert.equal(await createRunner(deps())(never), 'worked');
    assert.equal((await readOperation(api, sound.id)).state, 'completed');
  });
});

describe('an operation that is interrupted', () => {
  test('by a crash in a batch goes on where the last batch ended, and resolves each entry once', async () => {
    const ids = await many(10);
    const { id } = await startOperation(api, { action: 'retry', filter: {} });
    await takeTurn(id, 4, deps());
    // When all of the batch is written and nothing is committed.
    await sql`CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$
              BEGIN RAISE EXCEPTION 'killed at the end of a batch' USING ERRCODE = '57P01'; END $$`.execute(
      system.db,
    );
    await sql`CREATE TRIGGER die BEFORE UPDATE ON dead_letter_operations FOR EACH ROW EXECUTE FUNCTION die()`.execute(
      system.db,
    );
    await assert.rejects(takeTurn(id, 4, deps()), /killed at the end/);
    await sql`DROP TRIGGER die ON dead_letter_operations`.execute(system.db);
    await sql`DROP FUNCTION die`.execute(system.db);
    assert.equal((await readOperation(api, id)).processed, 4);
    assert.equal((await retriedInOutbox(system)).length, 4);
    await runAll(deps());
    assert.deepEqual(sorted(await retriedInOutbox(system)), sorted(ids));
    const { state, processed, succeeded } = await readOperation(api, id);
    assert.deepEqual([state, processed, succeeded], ['completed', 10, 10]);
  });

  test('by a cancel stops after the batch; what was done stays done, the rest unresolved', async () => {
    await many(10);
    const { id } = await startOperation(api, { action: 'retry', filter: {} });
    await takeTurn(id, 4, deps());
    await api.call('DELETE', `${OPERATIONS}/${id}`);
    assert.equal(await takeTurn(id, 4, deps()), null);
    assert.equal((await retriedInOutbox(system)).length, 4);
    const outcomes = Object.values(await outcomesOf(api, id));
    assert.equal(outcomes.filter((outcome) => outcome === null).length, 6);
    const { rows } = await sql`SELECT 1 FROM dead_letter_queue WHERE NOT resolved`.execute(system.db);
    assert.equal(rows.length, 6);
  });
});

test('the loop finds an operation by itself and carries it out', async () => {
  const ids = await many(3);
  const loop = startOperations(deps());
  try {
    const { id } = await startOperation(api, { action: 'retry', filter: {}, rate_per_second: 100 });
    await eventually(async () => (await readOperation(api, id)).state === 'completed');
    assert.deepEqual(sorted(await retriedInOutbox(system)), sorted(ids));
  } finally {
    await loop.stop();
  }
});
