/** The server of the benchmark, and databases on it with so many dead letters. */
import { Kysely, PostgresDialect, sql } from 'kysely';
import { createDb, type Db } from '../../src/platform/postgres/db.ts';
import { migrate } from '../../src/platform/postgres/migrate.ts';
import { createPool } from '../../src/platform/postgres/pool.ts';
import { startPostgresServer, type PostgresServer } from '../../test/helpers/postgres-server.ts';
import { say } from '../figures.ts';
import { seed } from './seed.ts';

/**
 * Durable as in production, with the default 128 MB of buffers. Without replicas, so that what a transaction
 * puts into a table that it made or emptied needs no WAL: seeding alone gains by that.
 */
const SETTINGS = {
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  max_wal_size: '8GB',
  wal_level: 'minimal',
  max_wal_senders: '0',
};
/** Up to here the index of error texts is made, too. */
const SEARCHED = 1_000_000;

export interface Statement {
  sql: string;
  parameters: readonly unknown[];
  durationMs: number;
}

export interface BenchDatabase {
  url: string;
  rows: number;
  /** The moment up to which entries failed: "now" for whoever reads. */
  now: Date;
  /** One connection. */
  db: Db;
  /** The server's process of that connection, and its main process. */
  pid: number;
  serverPid: number;
}

export interface BenchServer {
  /** A database with so many dead letters; made once. */
  withRows: (rows: number) => Promise<BenchDatabase>;
  stop: () => Promise<void>;
}

export async function startServer(): Promise<BenchServer> {
  const server = await startPostgresServer(SETTINGS);
  const made = new Map<number, Promise<BenchDatabase>>();
  const opened: Db[] = [];
  return {
    withRows: (rows) => {
      const database = made.get(rows) ?? create(server, rows, opened);
      made.set(rows, database);
      return database;
    },
    stop: async () => {
      for (const db of opened) await db.destroy();
      await server.stop();
    },
  };
}

async function create(server: PostgresServer, rows: number, opened: Db[]): Promise<BenchDatabase> {
  const url = new URL(server.url);
  await once(server.url, (admin) => sql`CREATE DATABASE ${sql.id(`rows_${rows}`)}`.execute(admin));
  url.pathname = `/rows_${rows}`;
  await migrate(url.href, new URL('../../migrations', import.meta.url).pathname);
  const now = new Date();
  const startedMs = performance.now();
  say(
    `seeding ${rows.toLocaleString('en')} dead letters${rows > SEARCHED ? ', no index of error texts' : ''}`,
  );
  const roomy = `${url.href}?options=${encodeURIComponent('-c maintenance_work_mem=512MB -c work_mem=256MB')}`;
  await once(roomy, (db) => seed(db, { rows, now, searchable: rows <= SEARCHED }));
  await once(url.href, (db) => sql`CHECKPOINT`.execute(db));
  const db = connect(url.href);
  opened.push(db);
  say(`  in all ${((performance.now() - startedMs) / 1_000).toFixed(0)} s; ${await sizes(db)}\n`);
  const { rows: backends } = await sql<{ pid: number }>`SELECT pg_backend_pid() AS pid`.execute(db);
  return { url: url.href, rows, now, db, pid: backends[0]?.pid ?? 0, serverPid: server.pid };
}

/**
 * Lets what was written before be done with, so that a part measures itself and not the clearing up of what came before
 * it: with much that is new, autovacuum begins within a minute, on one of the two CPUs.
 */
export async function settle({ url }: BenchDatabase): Promise<void> {
  const startedMs = performance.now();
  await once(url, async (db) => {
    await sql`VACUUM ANALYZE`.execute(db);
    await sql`CHECKPOINT`.execute(db);
  });
  say(
    `  settled before by VACUUM ANALYZE and CHECKPOINT: ${((performance.now() - startedMs) / 1_000).toFixed(0)} s`,
  );
}

async function once(url: string, work: (db: Db) => Promise<unknown>): Promise<void> {
  const db = connect(url, { statementTimeoutMs: 1_800_000 });
  try {
    await work(db);
  } finally {
    await db.destroy();
  }
}

interface ConnectOptions {
  statementTimeoutMs?: number;
  max?: number;
  onStatement?: (statement: Statement) => void;
}

/** A connection to a database, or several, that tells of its statements. */
export function connect(url: string, options: ConnectOptions = {}): Db {
  const { max = 1, onStatement, statementTimeoutMs } = options;
  const pool = createPool({
    ...{ connectionString: url, applicationName: 'bench', max, statementTimeoutMs },
    onError: () => undefined,
  });
  if (onStatement === undefined) return createDb(pool);
  return new Kysely<object>({
    dialect: new PostgresDialect({ pool }),
    log: ({ query, queryDurationMillis: durationMs }) =>
      onStatement({ sql: query.sql, parameters: query.parameters, durationMs }),
  });
}

async function sizes(db: Db): Promise<string> {
  const { rows } = await sql<{ entries: string; indexes: string; tallies: string }>`
    SELECT pg_size_pretty(pg_table_size('dead_letter_queue')) AS entries,
           pg_size_pretty(pg_indexes_size('dead_letter_queue')) AS indexes,
           pg_size_pretty(pg_total_relation_size('dead_letter_tallies')) AS tallies`.execute(db);
  const { entries, indexes, tallies } = rows[0] ?? { entries: '?', indexes: '?', tallies: '?' };
  return `entries ${entries}, their indexes ${indexes}, tallies ${tallies}`;
}
