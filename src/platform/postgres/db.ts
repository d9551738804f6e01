import { Kysely, PostgresDialect, type Transaction } from 'kysely';
import type pg from 'pg';

/**
 * The database as features see it. Each feature's `store.ts` says which tables it reads and writes with
 * `db.withTables<…>()`; nobody else's tables are in its types.
 */
export type Db = Kysely<object>;
/** A transaction. What takes a `Tx` commits or rolls back with its caller. */
export type Tx = Transaction<object>;

export function createDb(pool: pg.Pool): Db {
  return new Kysely<object>({ dialect: new PostgresDialect({ pool }) });
}

/** SQLSTATE of a PostgreSQL error, or null for anything else. */
export function sqlState(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error)) return null;
  const { code } = error;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : null;
}

/** Whether PostgreSQL refused the values (data exception, limit exceeded, constraint) rather than failed. */
export function isRefusal(error: unknown): boolean {
  return /^(22|23|54)/.test(sqlState(error) ?? '');
}

export const UNIQUE_VIOLATION = '23505';
/** A statement that took longer than its `statement_timeout`, or that somebody cancelled. */
export const QUERY_CANCELED = '57014';
