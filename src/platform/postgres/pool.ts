import pg from 'pg';

export interface PoolOptions {
  connectionString: string;
  /** Shown in `pg_stat_activity`: `fmhl-api`. */
  applicationName: string;
  /** Most connections. */
  max: number;
  /** Where names without a schema are looked for. Default: as the server says. */
  schema?: string;
  /** Longest statement before the server cancels it. Default 30 s. */
  statementTimeoutMs?: number | undefined;
  /** Told of errors on idle connections (the server went away); the pool replaces them by itself. */
  onError: (error: Error) => void;
}

/** How much longer than the server a client waits before it takes the server for gone. */
const SILENCE_MS = 5_000;

/**
 * A pool whose every wait has a limit: 5 s for a connection, `statementTimeoutMs` for a statement,
 * 60 s for a transaction that does nothing. A server that does not even say that a statement timed out
 * is given up, and its connection with it.
 */
export function createPool(options: PoolOptions): pg.Pool {
  const statementTimeoutMs = options.statementTimeoutMs ?? 30_000;
  const pool = new pg.Pool({
    connectionString: options.connectionString,
    application_name: options.applicationName,
    ...(options.schema === undefined ? {} : { options: `-c search_path=${options.schema}` }),
    max: options.max,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 30_000,
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs + Math.min(statementTimeoutMs, SILENCE_MS),
    idle_in_transaction_session_timeout: 60_000,
    keepAlive: true,
  });
  pool.on('error', options.onError);
  survivesLostConnections(pool);
  pool.on('release', (_error, client) => {
    // Lent out again, it would keep the next caller waiting for the answer that never came.
    if (owesAnAnswer(client)) void client.end().catch(options.onError);
  });
  return pool;
}

/**
 * The pool listens to the errors of its idle clients alone. One that is lost while it is lent out rejects
 * the query that waits on it; its `error` event, with nobody listening, would end the process besides.
 */
export function survivesLostConnections(pool: pg.Pool): void {
  pool.on('connect', (client) => client.on('error', () => undefined));
}

function owesAnAnswer(client: pg.PoolClient): boolean {
  return 'readyForQuery' in client && client.readyForQuery === false;
}
