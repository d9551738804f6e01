import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { sql } from 'kysely';
import { newDeadLetter } from '../../../test/factories/dead-letters.ts';
import { tallyDifferences } from '../../../test/helpers/dead-letter-tallies.ts';
import { captureLog } from '../../../test/helpers/log.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/postgres.ts';
import { sqlState, type Db, type Tx } from '../../platform/postgres/db.ts';
import { createMetrics } from '../metrics/registry.ts';
import { insertNew } from './insert.ts';
import { removeExpired } from './retention.ts';
import { removeEmptyTallies, settleTallies } from './tallies.ts';

const MINUTE_MS = 60_000;
const QUEUES = ['email_send', 'lead_distribution', 'gone_since'];
const CAUSES = ['SMTP timeout', 'no provider left', 'no such user'];
const never = new AbortController().signal;
const { logger } = captureLog();
const metrics = createMetrics({ role: 'housekeeping', version: '0', queues: QUEUES, logger });

let database: TestDatabase;
before(async () => {
  database = await createTestDatabase();
});
after(() => database.drop());

/** What happens to entries inside a transaction: as the product does it, or an admin at the database. */
type Change =
  | { what: 'capture'; queue: number; cause: number; count: number; ageMinutes: number; job: number }
  | { what: 'resolve' | 'reopen' | 'end retries' | 'delete'; count: number; from: number }
  | { what: 'move'; from: number; queue: number };
type End = 'commit' | 'roll back' | 'lose the connection';
type Step = { what: 'transaction'; changes: Change[]; end: End } | { what: 'settle' | 'expire' | 'tidy up' };

const small = fc.nat({ max: 30 });
const someChange: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      what: fc.constant('capture' as const),
      queue: fc.nat({ max: QUEUES.length - 1 }),
      cause: fc.nat({ max: CAUSES.length - 1 }),
      count: fc.integer({ min: 1, max: 20 }),
      // Within the last hour, of which minutes are kept, or up to beyond the retention.
      ageMinutes: fc.oneof(fc.nat({ max: 90 }), fc.nat({ max: 40 * 24 * 60 })),
      // Few, so that the same death is captured twice.
      job: fc.nat({ max: 200 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      what: fc.constantFrom('resolve' as const, 'reopen' as const, 'end retries' as const, 'delete' as const),
      count: fc.oneof(fc.constant(1), small),
      from: small,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ what: fc.constant('move' as const), from: small, queue: fc.nat({ max: 2 }) }),
  },
);
const someStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constant('transaction' as const),
      changes: fc.array(someChange, { minLength: 1, maxLength: 3 }),
      end: fc.oneof(
        { weight: 6, arbitrary: fc.constant('commit' as const) },
        { weight: 1, arbitrary: fc.constantFrom('roll back' as const, 'lose the connection' as const) },
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ what: fc.constantFrom('settle' as const, 'expire' as const, 'tidy up' as const) }),
  },
);
/** What several connections do at once. */
const programs = fc.array(fc.array(someStep, { minLength: 1, maxLength: 12 }), {
  minLength: 2,
  maxLength: 5,
});

class RolledBack extends Error {}
/** What a step may end with when others are at work: deadlock, the server ended the connection. */
const CUT_SHORT = new Set(['40P01', '57P01']);

const ALONE = {
  settle: settleTallies,
  'tidy up': removeEmptyTallies,
  expire: (db: Db) => removeExpired({ db, clock: { now: Date.now }, metrics, logger }, never),
};

function run(step: Step, db: Db): Promise<unknown> {
  if (step.what !== 'transaction') return ALONE[step.what](db);
  const { changes, end } = step;
  return db.transaction().execute(async (tx) => {
    for (const change of changes) await apply(change, tx);
    if (end === 'roll back') throw new RolledBack();
    if (end === 'lose the connection') await cut(tx, db);
  });
}

/** Lets the server end the connection of a transaction, as when its process is killed. */
async function cut(tx: Tx, db: Db): Promise<void> {
  const { rows } = await sql<{ pid: number }>`SELECT pg_backend_pid() AS pid`.execute(tx);
  await sql`SELECT pg_terminate_backend(${rows[0]?.pid ?? 0}::int, 5000)`.execute(db);
  await sql`SELECT 'the connection is lost'`.execute(tx);
}

async function apply(change: Change, tx: Tx): Promise<void> {
  if (change.what === 'capture') return capture(change, tx);
  const { from } = change;
  // Those that somebody else has are left alone, as by bulk operations.
  const some = (condition: ReturnType<typeof sql>, count: number) => sql`
    SELECT id FROM dead_letter_queue WHERE ${condition} ORDER BY id OFFSET ${from} LIMIT ${count} FOR UPDATE SKIP LOCKED`;
  if (change.what === 'move') {
    // No part of the product does this; the counts hold all the same.
    await sql`
      UPDATE dead_letter_queue SET queue_name = ${QUEUES[change.queue]} || '_moved'
       WHERE id IN (${some(sql`TRUE`, 1)})`.execute(tx);
  } else if (change.what === 'resolve') await resolve(some(sql`NOT resolved`, change.count), tx);
  else if (change.what === 'reopen') {
    await sql`
      UPDATE dead_letter_queue
         SET resolved = FALSE, resolved_at = NULL, resolved_by = NULL, resolution = NULL
       WHERE id IN (${some(sql`resolution = 'discarded'`, change.count)})`.execute(tx);
  } else if (change.what === 'delete') {
    await sql`DELETE FROM dead_letter_queue WHERE id IN (${some(sql`TRUE`, change.count)})`.execute(tx);
  } else {
    await sql`
      UPDATE dead_letter_retries
         SET outcome = CASE outcome WHEN 'succeeded' THEN 'died' WHEN 'died' THEN 'unknown' ELSE 'succeeded' END,
             settled_at = now()
       WHERE dead_letter_id IN (SELECT dead_letter_id FROM dead_letter_retries ORDER BY 1 OFFSET ${from}
                                 LIMIT ${change.count} FOR UPDATE SKIP LOCKED)`.execute(tx);
  }
}

async function capture(change: Extract<Change, { what: 'capture' }>, tx: Tx): Promise<void> {
  const failedAtMs = startedMs - change.ageMinutes * MINUTE_MS;
  const entries = Array.from({ length: change.count }, (_, index) =>
    newDeadLetter({
      queueName: QUEUES[change.queue] ?? '',
      errorMessage: CAUSES[(change.cause + index) % 2] ?? '',
      failedAtMs: failedAtMs + (index % 3) * MINUTE_MS,
      jobId: `job-${change.job + index}`,
    }),
  );
  await insertNew(tx, entries);
}

/** Retries the first half and discards the rest, in one statement each. */
async function resolve(some: ReturnType<typeof sql>, tx: Tx): Promise<void> {
  const { rows } = await sql<{ id: string }>`${some}`.execute(tx);
  const ids = rows.map(({ id }) => id);
  const retried = ids.slice(0, Math.ceil(ids.length / 2));
  await sql`
    UPDATE dead_letter_queue
       SET resolved = TRUE, resolved_at = now(), resolved_by = ${randomUUID()}, resolution = 'retried',
           retry_job_id = 'retry-' || id
     WHERE id = ANY (${retried}::uuid[])`.execute(tx);
  await sql`
    INSERT INTO dead_letter_retries (dead_letter_id, queue_name, group_id, job_id, made_at)
    SELECT id, queue_name, group_id, retry_job_id, now() FROM dead_letter_queue WHERE id = ANY (${retried}::uuid[])
        ON CONFLICT DO NOTHING`.execute(tx);
  await sql`
    UPDATE dead_letter_queue
       SET resolved = TRUE, resolved_at = now(), resolved_by = ${randomUUID()}, resolution = 'discarded'
     WHERE id = ANY (${ids.slice(retried.length)}::uuid[])`.execute(tx);
}

const startedMs = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;

async function runAll(program: Step[], db: Db): Promise<void> {
  for (const step of program) {
    await run(step, db).catch((error: unknown) => {
      const cutShort =
        CUT_SHORT.has(sqlState(error) ?? '') || /Connection terminated|not queryable/.test(String(error));
      if (!(error instanceof RolledBack) && !cutShort) throw error;
    });
  }
}

describe('the kept counts', () => {
  test('equal a recount, whatever is done at once, rolled back or cut off', async () => {
    const { db } = database;
    await fc.assert(
      fc.asyncProperty(programs, async (all) => {
        await sql`TRUNCATE dead_letter_queue, dead_letter_retries, dead_letter_groups`.execute(db);
        await Promise.all(all.map((program) => runAll(program, db)));
        assert.deepEqual(await tallyDifferences(db), []);
        while ((await settleTallies(db)) > 0);
        await removeEmptyTallies(db);
        assert.deepEqual(await tallyDifferences(db), [], 'when all is settled');
      }),
      { numRuns: 40, interruptAfterTimeLimit: 15_000, markInterruptAsFailure: false },
    );
  });
});
