import { createPostgresBackend, Queue, runMigrations, Worker, type BackendFactory } from 'bullmq';
import pg from 'pg';
import { survivesLostConnections } from '../postgres/pool.ts';
import type { Engine, EngineEvents, EngineQueue } from './engine.ts';

export interface PostgresEngineOptions extends EngineEvents {
  connectionString: string;
  /** How many workers the process may start: each holds one connection for LISTEN. */
  workers: number;
}

const SCHEMA = 'bullmq';

/** BullMQ on PostgreSQL, in a schema of its own beside FMHL's tables. Applies BullMQ's migrations. */
export async function createPostgresEngine(options: PostgresEngineOptions): Promise<Engine> {
  // BullMQ reads its schema from the search path of a pool that it is given.
  const pool = new pg.Pool({
    connectionString: options.connectionString,
    application_name: 'fmhl-engine',
    options: `-c search_path=${SCHEMA}`,
    max: options.workers + 8,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
  });
  pool.on('error', options.onError);
  survivesLostConnections(pool);
  const client = await pool.connect();
  try {
    await runMigrations(client, SCHEMA);
  } finally {
    client.release();
  }
  const queues = new Map<string, EngineQueue>();
  const factory = createPostgresBackend as BackendFactory;

  return {
    kind: 'postgres',
    queue: (name) => {
      let queue = queues.get(name);
      if (queue === undefined) {
        queue = new Queue(name, { connection: pool }, factory);
        queue.on('error', options.onError);
        queues.set(name, queue);
      }
      return queue;
    },
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
    ping: async () => {
      await pool.query('SELECT 1');
    },
    unsafeSettings: () => Promise.resolve(null),
    close: async () => {
      await Promise.all([...queues.values()].map((queue) => queue.close()));
      await pool.end();
    },
  };
}
