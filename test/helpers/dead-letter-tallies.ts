import { sql } from 'kysely';
import type { Db } from '../../src/platform/postgres/db.ts';

export interface TallyDifference {
  scope: string;
  queue_name: string;
  group_id: string;
  at: string;
  /** What is kept, less what is counted. */
  entries: number;
  unresolved: number;
  retried: number;
  succeeded: number;
}

/**
 * Where the kept counts of dead letters differ from a recount: [] when nowhere. Of minutes the last 100 are
 * compared, of a group's hours the last 25, as nobody asks for more than 60 and 24; of both the entries alone.
 */
export async function tallyDifferences(db: Db, now = new Date()): Promise<TallyDifference[]> {
  const { rows } = await sql<TallyDifference>`
    WITH entry AS (
      SELECT queue_name, group_id, date_trunc('minute', failed_at, 'UTC') AS minute, date_trunc('hour', failed_at, 'UTC') AS hour,
             (NOT resolved)::int AS unresolved, coalesce(resolution = 'retried', FALSE)::int AS retried
        FROM dead_letter_queue
    ), recount (scope, queue_name, group_id, at, entries, unresolved, retried, succeeded) AS (
      SELECT 'queue', queue_name, NULL::uuid, NULL::timestamptz, count(*), sum(unresolved), sum(retried), 0::bigint
        FROM entry GROUP BY queue_name
      UNION ALL
      SELECT 'queue_hour', queue_name, NULL, hour, count(*), sum(unresolved), sum(retried), 0
        FROM entry GROUP BY queue_name, hour
      UNION ALL
      SELECT 'queue_minute', queue_name, NULL, minute, count(*), 0, 0, 0 FROM entry GROUP BY queue_name, minute
      UNION ALL
      SELECT 'group', queue_name, group_id, NULL, count(*), sum(unresolved), sum(retried), 0
        FROM entry GROUP BY queue_name, group_id
      UNION ALL
      SELECT 'group', queue_name, group_id, NULL, 0, 0, 0, count(*)
        FROM dead_letter_retries WHERE outcome = 'succeeded' GROUP BY queue_name, group_id
      UNION ALL
      SELECT 'group_hour', queue_name, group_id, hour, count(*), 0, 0, 0 FROM entry GROUP BY queue_name, group_id, hour
    ), kept AS (
      SELECT scope, queue_name, group_id, at, entries, succeeded,
             CASE WHEN scope IN ('queue', 'queue_hour', 'group') THEN unresolved ELSE 0 END AS unresolved,
             CASE WHEN scope IN ('queue', 'queue_hour', 'group') THEN retried ELSE 0 END AS retried
        FROM dead_letter_tallies_now
    ), difference AS (
      SELECT scope, queue_name, group_id, at, entries, unresolved, retried, succeeded FROM kept
      UNION ALL
      SELECT scope, queue_name, coalesce(group_id, '00000000-0000-0000-0000-000000000000'), coalesce(at, '-infinity'),
             -entries, -unresolved, -retried, -succeeded
        FROM recount
    )
    SELECT scope, queue_name, group_id, at::text, sum(entries)::int AS entries, sum(unresolved)::int AS unresolved,
           sum(retried)::int AS retried, sum(succeeded)::int AS succeeded
      FROM difference
     WHERE (scope <> 'queue_minute' OR at >= ${now}::timestamptz - interval '100 minutes')
       AND (scope <> 'group_hour' OR at >= ${now}::timestamptz - interval '25 hours')
     GROUP BY scope, queue_name, group_id, at
    HAVING sum(entries) <> 0 OR sum(unresolved) <> 0 OR sum(retried) <> 0 OR sum(succeeded) <> 0
     ORDER BY scope, queue_name, group_id, at`.execute(db);
  return rows;
}
