import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { fakeClock } from '../../../test/helpers/access-server.ts';
import { captureLog } from '../../../test/helpers/log.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/postgres.ts';
import { createMetrics, type Metrics } from '../metrics/registry.ts';
import { removeExpired } from './retention.ts';

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
  await sql`TRUNCATE dead_letter_queue`.execute(database.db);
});

/** Dead letters of a queue that failed so many milliseconds ago, a tenth of them resolved. */
const add = (queue: string, count: number, ageMs: number) =>
  sql`
    INSERT INTO dead_letter_queue
      (queue_name, job_id, job_name, failed_at, resolved, resolved_at, resolution)
    SELECT ${queue}, gen_random_uuid(), 'job', ${new Date(clock.now() - ageMs)}, n % 10 = 0,
           CASE WHEN n % 10 = 0 THEN now() END, CASE WHEN n % 10 = 0 THEN 'discarded' END
      FROM generate_series(1, ${count}::int) AS n`.execute(database.db);

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
    assert.deepEqual([rest.removed, rest.batches], [1_500, [1_000, 500]]);
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
});
