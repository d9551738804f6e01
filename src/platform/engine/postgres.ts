import { createPostgresBackend, Queue, runMigrations, Worker, type BackendFactory } from 'bullmq';
import { sqlState } from '../postgres/db.ts';
import { createPool } from '../postgres/pool.ts';
import {
  ENOUGH_CHARACTERS,
  type Engine,
  type EngineEvents,
  type EngineQueue,
  type EngineQueueState,
  type JobState,
  type StoredJob,
} from './engine.ts';
import { listOnPostgres } from './postgres-listing.ts';

export interface PostgresEngineOptions extends EngineEvents {
  connectionString: string;
  /** How many workers the process may start: each holds one connection for LISTEN. */
  workers: number;
  /** Longest statement before the server cancels it, in milliseconds. Default 30 s. */
  statementTimeoutMs?: number | undefined;
}

const SCHEMA = 'bullmq';
/** SQLSTATEs: out of resources such as disk, shutting down or starting up, read-only. */
const TAKES_NOTHING = /^(53|57P|25006)/;

const QUEUE_STATES = `
  SELECT (SELECT count(*)::int FROM job WHERE job.queue = given.queue AND state = 'waiting') AS waiting,
         (SELECT count(*)::int FROM job WHERE job.queue = given.queue AND state = 'active') AS active,
         (SELECT count(*)::int FROM job WHERE job.queue = given.queue AND state = 'delayed') AS delayed,
         EXISTS (SELECT FROM meta WHERE meta.queue = given.queue AND field = 'paused') AS paused,
         (SELECT min(greatest(
                   added_at_ms + CASE jsonb_typeof(opts -> 'delay') WHEN 'number' THEN (opts ->> 'delay')::float8 ELSE 0 END,
                   processed_at_ms))
            FROM ((SELECT added_at_ms, processed_at_ms, opts FROM job
                    WHERE job.queue = given.queue AND state = 'waiting' AND priority = 0 ORDER BY seq LIMIT 1)
                  UNION ALL
                  (SELECT added_at_ms, processed_at_ms, opts FROM job
                    WHERE job.queue = given.queue AND state = 'waiting' AND priority > 0 ORDER BY priority, seq LIMIT 1)
                 ) AS next) AS "readySinceMs"
    FROM unnest($1::text[]) WITH ORDINALITY AS given (queue, position)
   ORDER BY position`;

/**
 * $1: the queue, $2: the ids, $3: how many characters are enough. Walks from one id to the next, so that nothing is
 * read of the jobs behind the last that fits. OFFSET 0: each is looked up by itself, and its JSON made text once.
 */
const STORED = `
  WITH RECURSIVE stored AS (
    SELECT 0 AS position, 0 AS characters, NULL::text AS id, NULL::text AS name, NULL::text AS data, NULL::text AS opts,
           0 AS "attemptsMade", NULL::text AS "failedReason", NULL::text AS stacktrace, 0::float8 AS "finishedOn"
     UNION ALL
    SELECT stored.position + 1,
           stored.characters + coalesce(length(job.data) + length(job.opts), 0)
             + coalesce(length(failed_reason), 0) + coalesce(length(job.stacktrace), 0),
           job.id, job.name, job.data, job.opts, attempts_made, failed_reason, job.stacktrace, finished_at_ms::float8
      FROM stored
      LEFT JOIN LATERAL (
        SELECT id, name, data::text AS data, opts::text AS opts, attempts_made, failed_reason,
               stacktrace::text AS stacktrace, finished_at_ms
          FROM job WHERE queue = $1 AND id = ($2::text[])[stored.position + 1] OFFSET 0) AS job ON TRUE
     WHERE stored.position < cardinality($2::text[]) AND stored.characters <= $3
  )
  SELECT id, name, data, opts, "attemptsMade", "failedReason", stacktrace, "finishedOn"
    FROM stored WHERE position > 0 ORDER BY position`;

/**
 * BullMQ on PostgreSQL, in a schema of its own beside FMHL's tables. Applies BullMQ's migrations.
 * @throws when the server can't be reached or the migrations fail; nothing stays open then
 */
export async function createPostgresEngine(options: PostgresEngineOptions): Promise<Engine> {
  const pool = createPool({
    connectionString: options.connectionString,
    applicationName: 'fmhl-engine',
    // BullMQ reads its schema from the search path of a pool that it is given.
    schema: SCHEMA,
    max: options.workers + 8,
    statementTimeoutMs: options.statementTimeoutMs,
    onError: options.onError,
  });
  try {
    const client = await pool.connect();
    try {
      await runMigrations(client, SCHEMA);
    } finally {
      client.release();
    }
  } catch (error) {
    await pool.end();
    throw error;
  }
  const queues = new Map<string, EngineQueue>();
  const factory = createPostgresBackend as BackendFactory;
  const open = (name: string): EngineQueue => {
    const queue: EngineQueue = new Queue(name, { connection: pool }, factory);
    queue.on('error', options.onError);
    queues.set(name, queue);
    // BullMQ asks once whether the server is there and keeps a no for good: the next caller gets a new handle.
    queue.waitUntilReady().catch(() => {
      queues.delete(name);
      queue.close().catch(options.onError);
    });
    return queue;
  };

  const engine: Engine = {
    kind: 'postgres',
    queue: (name) => queues.get(name) ?? open(name),
    worker: (name, processor, workerOptions) =>
      new Worker(name, processor, { ...workerOptions, connection: pool, autorun: false }, factory),
    removeFailed: async (name, jobs) => {
      if (jobs.length === 0) return 0;
      const { rowCount } = await pool.query(
        `DELETE FROM job USING unnest($2::text[], $3::bigint[]) AS dead (id, finished_at_ms)
          WHERE job.queue = $1 AND job.id = dead.id AND job.state = 'failed'
            AND job.finished_at_ms = dead.finished_at_ms`,
        [name, jobs.map(({ id }) => id), jobs.map(({ finishedOn }) => finishedOn)],
      );
      return rowCount ?? 0;
    },
    storedJobs: async (name, ids) => {
      const { rows } = await pool.query<StoredJob | { id: null }>(STORED, [name, ids, ENOUGH_CHARACTERS]);
      return { jobs: rows.filter((row) => row.id !== null), read: rows.length };
    },
    statesOf: async (name, ids) => {
      const { rows } = await pool.query<{ id: string; state: JobState }>(
        `SELECT id, CASE WHEN state IN ('completed', 'failed') THEN state::text ELSE 'open' END AS state
           FROM job WHERE queue = $1 AND id = ANY($2::text[])`,
        [name, ids],
      );
      return new Map(rows.map(({ id, state }) => [id, state]));
    },
    listJobs: (name, page) => listOnPostgres(pool, name, page),
    queueStates: async (names) => {
      const { rows } = await pool.query<EngineQueueState>(QUEUE_STATES, [names]);
      return rows;
    },
    // What it has acknowledged is committed.
    incarnation: () => Promise.resolve('postgres'),
    ping: async () => {
      await pool.query('SELECT 1');
    },
    takesNothing: (error) => TAKES_NOTHING.test(sqlState(error) ?? ''),
    unsafeSettings: () => Promise.resolve(null),
    close: async () => {
      await Promise.all([...queues.values()].map((queue) => queue.close()));
      await pool.end();
    },
  };
  return engine;
}
