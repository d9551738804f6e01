import type pg from 'pg';
import type { JobList, ListedJob, ListedState, PageOfJobs } from './listing.ts';

/** Along the index of the state, but for running jobs, which are few. */
const ORDER: Readonly<Record<ListedState, string>> = {
  waiting: 'priority, seq',
  active: 'processed_at_ms DESC, id',
  delayed: 'process_at_ms, seq',
  failed: 'finished_at_ms DESC, id',
};

/**
 * $1: the queue, $2: jobs before the page, $3: jobs of a page, $4: the longest payload. What is too long when it is
 * compressed need not be unpacked to know it.
 */
const list = (state: ListedState): string => `
  SELECT id, name, added_at_ms::float8 AS "addedAtMs", processed_at_ms::float8 AS "startedAtMs",
         finished_at_ms::float8 AS "finishedAtMs",
         CASE WHEN state = 'delayed' THEN process_at_ms::float8 END AS "readyAtMs",
         attempts_made AS "attemptsMade", priority, opts::text AS opts, failed_reason AS "failedReason",
         processed_by AS worker,
         CASE WHEN pg_column_size(data) > $4 THEN NULL
              WHEN octet_length(data::text) <= $4 THEN data::text END AS data
    FROM job
   WHERE queue = $1 AND state = '${state}'
   ORDER BY ${ORDER[state]}
   LIMIT $3 OFFSET $2`;

export async function listOnPostgres(pool: pg.Pool, queue: string, page: PageOfJobs): Promise<JobList> {
  const { state, offset, limit, payloadBytes } = page;
  const [listed, counted] = await Promise.all([
    pool.query<ListedJob>(list(state), [queue, offset, limit, payloadBytes]),
    pool.query<{ total: number }>(
      `SELECT count(*)::int AS total FROM job WHERE queue = $1 AND state = '${state}'`,
      [queue],
    ),
  ]);
  return { jobs: listed.rows, total: counted.rows[0]?.total ?? 0 };
}
