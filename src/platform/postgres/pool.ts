import pg from 'pg';

export interface PoolOptions {
  connectionString: string;
  /** Shown in `pg_stat_activity`: `fmhl-api`. */
  applicationName: string;
  /** Most connections. */
  max: number;
  /** Longest statement before the server cancels it. Default 30 s. */
  statementTimeoutMs?: number;
  /** Told of errors on idle connections (the server went away); the pool replaces them by itself. */
  onError: (error: Error) => void;
}

/**
 * A pool whose every wait has a limit: 5 s for a connection, `statementTimeoutMs` for a statement,
 * 60 s for a transaction that does nothing.
 */
export function createPool(options: PoolOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: options.connectionString,
    application_name: options.applicationName,
    max: options.max,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 30_000,
    statement_timeout: options.statementTimeoutMs ?? 30_000,
    idle_in_transaction_session_timeout: 60_000,
    keepAlive: true,
  });
  pool.on('error', options.onError);
  return pool;
}
