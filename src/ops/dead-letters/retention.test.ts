import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { makeDeadLetters } from '../../../test/factories/dead-letters.ts';
import { fakeClock } from '../../../test/helpers/access-server.ts';
import { captureLog } from '../../../test/helpers/log.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/postgres.ts';
import { createMetrics, type Metrics } from '../metrics/registry.ts';
import { removeExpired } from './retention.ts';
import { settleTallies } from './tallies.ts';

const DAY = 24 * 3_600_000;
const never = new AbortController().signal;
const clock = fakeClock();
const log = captureLog();

let database: TestDatabase;
before(async () => {
  database = await createTestDatabase();
});
after(() => database.drop());
afterEach(async () => {
  await sql`TRUNCATE dead_letter_queue, dead_letter_groups, dead_letter_retries, dead_letter_notes`.execute(
    database.db,
  );
});

/** Dead letters of a queue that failed so many milliseconds ago, a tenth of them resolved. */
const add = (queue: string, count: number, ageMs: number) =>
  makeDeadLetters(
    database.db,
    Array.from({ length: count }, (_, n) => ({
      queueName: queue,
      errorMessage: `${queue} is broken`,
      failedAt: new Date(clock.now() - ageMs),
      ...(n % 10 === 0 ? { resolution: 'discarded' as const } : {}),
    })),
  );

async function left(): Promise<Record<string, number>> {
  const { rows } = await sql<{ queue_name: string; count: number }>`
    SELECT queue_name, count(*)::int AS count FROM dead_letter_queue GROUP BY 1 ORDER BY 1`.execute(
    database.db,
  );
  return Object.fromEntries(rows.map((row) => [row.queue_name, row.count]));
}

/** Removes, and tells the size of each batch that was removed by what was counted. */
async function remove({ signal = never, onBatch }: { signal?: AbortSignal; onBatch?: () => void } = {}) {
  const metrics = createMetrics({ role: 'worker', version: '0', queues: ['a', 'b'], logger: log.logger });
  const batches: number[] = [];
  const counter: Metrics['counter'] = (name, labels) => ({
    inc: (by = 1) => {
      batches.push(by);
      metrics.counter(name, labels).inc(by);
      onBatch?.();
    },
  });
  const deps = { db: database.db, clock, metrics: { ...metrics, counter }, logger: log.logger };
  return { removed: await removeExpired(deps, signal), batches, metrics };
}

describe('the clean-up of dead letters', () => {
  test('removes those that failed more than 30 days ago, resolved or not, and no others', async () => {
    await add('a', 20, 30 * DAY + 1);
    await add('b', 10, 400 * DAY);
    await add('kept_at_30_days', 10, 30 * DAY);
    await add('kept', 10, 0);
    const { removed, metrics } = await remove();
    assert.equal(removed, 30);
    assert.deepEqual(await left(), { kept: 10, kept_at_30_days: 10 });
    const text = await metrics.expose();
    assert.match(text, /^fmhl_dlq_expired_total\{queue="a"\} 20$/m);
    assert.match(text, /^fmhl_dlq_expired_total\{queue="b"\} 10$/m);
    const line = log.find('dead_letters_expired').at(-1);
    assert.deepEqual(line?.metadata, {
      removed: 30,
      before: new Date(clock.now() - 30 * DAY).toISOString(),
    });
    assert.deepEqual((await remove()).batches, [], 'a second run finds nothing');
  });

  test('works in batches of 1,000, and stops between two when it is told to', async () => {
    await add('a', 2_500, 31 * DAY);
    const abort = new AbortController();
    const stopped = await remove({ signal: abort.signal, onBatch: () => abort.abort() });
    assert.deepEqual([stopped.removed, stopped.batches], [1_000, [1_000]]);
    assert.deepEqual(await left(), { a: 1_500 });
    const rest = await remove();
    assert.deepEqual(
      [rest.removed, rest.batches],
      [1_500, [1_000, 250, 250]],
      'unresolved ones, then resolved',
    );
    assert.deepEqual(await left(), {});
  });

  test('two at once remove each entry once', async () => {
    await add('a', 3_000, 31 * DAY);
    const both = await Promise.all([remove(), remove()]);
    assert.equal(
      both.reduce((sum, { removed }) => sum + removed, 0),
      3_000,
    );
    assert.deepEqual(await left(), {});
  });

  test('does not wait for an entry that an admin is resolving, and takes it the next time', async () => {
    await add('a', 3, 31 * DAY);
    await database.db.transaction().execute(async (tx) => {
      await sql`SELECT FROM dead_letter_queue LIMIT 1 FOR UPDATE`.execute(tx);
      assert.equal((await remove()).removed, 2);
    });
    assert.equal((await remove()).removed, 1);
  });

  test('takes what belonged to the entries alone, and keeps what people decided about a group', async () => {
    const { db } = database;
    const [gone, muted, noted, kept] = await makeDeadLetters(db, [
      { errorMessage: 'gone', failedAt: new Date(clock.now() - 31 * DAY), resolution: 'retried' },
      { errorMessage: 'muted', failedAt: new Date(clock.now() - 31 * DAY) },
      { errorMessage: 'noted', failedAt: new Date(clock.now() - 31 * DAY) },
      { errorMessage: 'kept', failedAt: new Date(clock.now()) },
    ]);
    const groupOf = sql`(SELECT group_id FROM dead_letter_queue WHERE id = `;
    await sql`
      INSERT INTO dead_letter_retries (dead_letter_id, queue_name, group_id, job_id, made_at, outcome)
      VALUES (${gone}, 'test_queue', ${groupOf}${gone}), 'retry-1', now(), NULL)`.execute(db);
    await sql`UPDATE dead_letter_retries SET outcome = 'succeeded'`.execute(db);
    await sql`
      UPDATE dead_letter_groups SET muted_at = now(), muted_by = gen_random_uuid()
       WHERE id = ${groupOf}${muted})`.execute(db);
    await sql`
      INSERT INTO dead_letter_notes (dead_letter_id, group_id, text, written_by, written_at)
      VALUES (${gone}, NULL, 'on an entry', gen_random_uuid(), now()),
             (NULL, ${groupOf}${noted}), 'on a group', gen_random_uuid(), now())`.execute(db);
    await sql`
      WITH operation AS (
        INSERT INTO dead_letter_operations
          (action, filter, reason, asked_at, asked_by, correlation_id, finished_at, state)
        SELECT 'retry', '{}', 'a test', now(), gen_random_uuid(), gen_random_uuid(), finished_at, 'completed'
          FROM unnest(${[new Date(clock.now() - 31 * DAY), new Date(clock.now())]}::timestamptz[]) AS finished_at
        RETURNING id)
      INSERT INTO dead_letter_operation_entries (operation_id, position, dead_letter_id)
      SELECT id, position, gen_random_uuid() FROM operation, generate_series(1, 1500) AS position`.execute(
      db,
    );

    assert.equal((await remove()).removed, 3);
    const { rows } = await sql<Record<string, unknown>>`
      SELECT (SELECT array_agg(id) FROM dead_letter_queue) AS entries,
             (SELECT array_agg(message ORDER BY message) FROM dead_letter_groups) AS groups,
             (SELECT count(*)::int FROM dead_letter_retries) AS retries,
             (SELECT array_agg(text) FROM dead_letter_notes) AS notes,
             (SELECT count(*)::int FROM dead_letter_operations) AS operations,
             (SELECT count(*)::int FROM dead_letter_operation_entries) AS outcomes`.execute(db);
    assert.deepEqual(rows[0], {
      entries: [kept],
      groups: ['kept', 'muted', 'noted'],
      retries: 0,
      notes: ['on a group'],
      operations: 1,
      outcomes: 1_500,
    });
    await settleTallies(db);
    await remove();
    const tallies = await sql`SELECT DISTINCT queue_name FROM dead_letter_tallies WHERE entries <> 1`.execute(
      db,
    );
    assert.deepEqual(tallies.rows, [], 'counts that came down to nothing are gone');
  });
});
