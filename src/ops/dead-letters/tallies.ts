/**
 * The kept counts. Triggers append the differences that every statement makes (migration 0009); what is true
 * now is the sum of settled tallies and of changes not yet settled, so that counting never waits for anybody.
 */
import { sql } from 'kysely';
import type { DeadLetterFilter } from '../../../contract/dead-letters.ts';
import { startLoop, type Loop } from '../../platform/lifecycle/loop.ts';
import type { Logger } from '../../platform/logging/logger.ts';
import type { Db } from '../../platform/postgres/db.ts';
import { loopMetrics } from '../metrics/loops.ts';
import type { Metrics } from '../metrics/registry.ts';
import { EXPIRY_WARNING_MS, MUTED, mutedOf, RETENTION_MS } from './filter.ts';

export interface QueueUnresolved {
  /** Unresolved entries, but for those of muted groups. */
  unresolved: number;
  /** Unresolved entries of muted groups. */
  muted: number;
}

export interface QueueDeadLetters extends QueueUnresolved {
  /** Entries whose final failure lies within the last 60 minutes, whatever became of them; to the minute. */
  failedLastHour: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/**
 * The start of a UTC minute or hour. Worked out here, not by `date_trunc`: the server would do it again for each
 * of the changes.
 */
function startOf(ms: number, unitMs: number): Date {
  return new Date(Math.floor(ms / unitMs) * unitMs);
}

/** Per queue that has any. One condition for all three, so that the changes are read once. */
export async function countByQueue(db: Db, now: Date): Promise<Map<string, QueueDeadLetters>> {
  const since = startOf(now.getTime() - HOUR_MS, MINUTE_MS);
  const { rows } = await sql<{
    queue_name: string;
    unresolved: string | null;
    muted: string | null;
    recent: string | null;
  }>`
    SELECT queue_name, sum(unresolved) FILTER (WHERE scope = 'queue') AS unresolved,
           sum(unresolved) FILTER (WHERE scope = 'group') AS muted,
           sum(entries) FILTER (WHERE scope = 'queue_minute') AS recent
      FROM dead_letter_tallies_now
     WHERE scope = 'queue' OR (scope = 'group' AND ${MUTED}) OR (scope = 'queue_minute' AND at >= ${since})
     GROUP BY queue_name`.execute(db);
  return new Map(
    rows.map(({ queue_name, unresolved, muted, recent }) => [
      queue_name,
      {
        unresolved: Number(unresolved) - Number(muted),
        muted: Number(muted),
        failedLastHour: Number(recent),
      },
    ]),
  );
}

/** The same without the failures of the last hour, which are a row a queue and minute: most of the work. */
export async function countUnresolved(db: Db): Promise<Map<string, QueueUnresolved>> {
  const { rows } = await sql<{ queue_name: string; unresolved: string | null; muted: string | null }>`
    SELECT queue_name, sum(unresolved) FILTER (WHERE scope = 'queue') AS unresolved,
           sum(unresolved) FILTER (WHERE scope = 'group') AS muted
      FROM dead_letter_tallies_now
     WHERE scope = 'queue' OR (scope = 'group' AND ${MUTED})
     GROUP BY queue_name`.execute(db);
  return new Map(
    rows.map(({ queue_name, unresolved, muted }) => [
      queue_name,
      { unresolved: Number(unresolved) - Number(muted), muted: Number(muted) },
    ]),
  );
}

/** Per queue that has any: unresolved entries that retention takes within 3 days; to the hour. */
export async function countExpiring(db: Db, now: Date): Promise<Map<string, number>> {
  const before = startOf(now.getTime() - RETENTION_MS + EXPIRY_WARNING_MS, HOUR_MS);
  const { rows } = await sql<{ queue_name: string; expiring: string }>`
    SELECT queue_name, sum(unresolved) AS expiring
      FROM dead_letter_tallies_now
     WHERE scope = 'queue_hour' AND at < ${before}
     GROUP BY queue_name`.execute(db);
  return new Map(rows.map(({ queue_name, expiring }) => [queue_name, Number(expiring)]));
}

/**
 * How many entries a filter matches that has no more than queue, group, state and muted, and how many stand
 * between them that it would match but for their groups being muted, or not.
 */
export async function keptTotal(
  db: Db,
  filter: DeadLetterFilter,
): Promise<{ total: number; passedOver: number }> {
  const muted = mutedOf(filter);
  const count = {
    false: sql`unresolved`,
    true: sql`entries - unresolved`,
    all: sql`entries`,
  }[filter.resolved];
  const ofQueue = filter.queue === undefined ? sql`TRUE` : sql`queue_name = ${filter.queue}`;
  const ofGroup = filter.group === undefined ? sql`TRUE` : sql`group_id = ${filter.group}`;
  const inAll = filter.group === undefined ? sql`scope = 'queue'` : sql`scope = 'group'`;
  const inMuted = muted === 'all' ? sql`FALSE` : sql`scope = 'group' AND ${MUTED}`;
  const { rows } = await sql<{ in_all: string | null; in_muted: string | null }>`
    SELECT sum(${count}) FILTER (WHERE ${inAll}) AS in_all, sum(${count}) FILTER (WHERE ${inMuted}) AS in_muted
      FROM dead_letter_tallies_now
     WHERE ${ofQueue} AND ${ofGroup} AND (${inAll} OR (${inMuted}))`.execute(db);
  const [all, silenced] = [Number(rows[0]?.in_all ?? 0), Number(rows[0]?.in_muted ?? 0)];
  return muted === 'true'
    ? { total: silenced, passedOver: all - silenced }
    : { total: all - silenced, passedOver: silenced };
}

/** Changes settled by one statement: 5,000 take 100 ms. */
const BATCH = 5_000;
const INTERVAL_MS = 500;
/** After so many that were settled, what is left of them is cleared away, or every count would read over it. */
const SWEPT_AFTER = 20_000;

/**
 * Adds up a batch of changes and moves them into the tallies. Safe to run twice at once: a change is deleted
 * by one of the two, and only that one adds it.
 * @returns how many changes were settled
 */
export async function settleTallies(db: Db): Promise<number> {
  const { rows } = await sql<{ settled: string }>`
    WITH taken AS (
      DELETE FROM dead_letter_tally_changes
       WHERE ctid = ANY (ARRAY(SELECT ctid FROM dead_letter_tally_changes LIMIT ${BATCH} FOR UPDATE SKIP LOCKED))
      RETURNING *
    ), added AS (
      INSERT INTO dead_letter_tallies AS tally
      SELECT scope, queue_name, group_id, at, sum(entries), sum(unresolved), sum(retried), sum(succeeded)
        FROM taken
       GROUP BY scope, queue_name, group_id, at
      HAVING sum(entries) <> 0 OR sum(unresolved) <> 0 OR sum(retried) <> 0 OR sum(succeeded) <> 0
       ORDER BY scope, queue_name, group_id, at
          ON CONFLICT (scope, queue_name, group_id, at) DO UPDATE
         SET entries = tally.entries + excluded.entries, unresolved = tally.unresolved + excluded.unresolved,
             retried = tally.retried + excluded.retried, succeeded = tally.succeeded + excluded.succeeded
    )
    SELECT count(*) AS settled FROM taken`.execute(db);
  return Number(rows[0]?.settled ?? 0);
}

/** Settles changes, and clears away what is left of them; autovacuum comes once a minute, which is too late here. */
export function createSettler(db: Db): () => Promise<number> {
  let unswept = 0;
  return async () => {
    const settled = await settleTallies(db);
    unswept += settled;
    if (unswept >= SWEPT_AFTER) {
      unswept = 0;
      await sql`VACUUM (SKIP_LOCKED) dead_letter_tally_changes`.execute(db);
    }
    return settled;
  };
}

/** Removes tallies that nobody asks for any more: old minutes and hours, and what has come down to nothing. */
export async function removeEmptyTallies(db: Db): Promise<void> {
  // Rows that are being settled right now are left for the next time.
  await sql`
    DELETE FROM dead_letter_tallies
     WHERE ctid = ANY (ARRAY(
       SELECT ctid FROM dead_letter_tallies
        WHERE (scope = 'queue_minute' AND at < now() - interval '3 hours')
           OR (scope = 'group_hour' AND at < now() - interval '27 hours')
           OR (entries = 0 AND unresolved = 0 AND retried = 0 AND succeeded = 0)
          FOR UPDATE SKIP LOCKED))`.execute(db);
}

/** The background loop that settles changes. */
export function startSettling({ db, metrics, logger }: { db: Db; metrics: Metrics; logger: Logger }): Loop {
  const settle = createSettler(db);
  return startLoop({
    name: 'dead_letter_tallies',
    intervalMs: INTERVAL_MS,
    run: async () => ((await settle()) === BATCH ? 'again' : 'idle'),
    onRound: loopMetrics(metrics, 'dead_letter_tallies'),
    logger,
  });
}
