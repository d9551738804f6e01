/** What chaos itself keeps in the database: which jobs were accepted, and where statements stop on demand. */
import { sql } from 'kysely';
import type pg from 'pg';
import type { Db, Tx } from '../src/platform/postgres/db.ts';
import type { AcceptedJob, JobRef } from './accounting.ts';

/**
 * Where a statement about a job whose id begins with `halt-` waits while somebody holds the advisory lock of
 * that number: where its capture is inserted, and where its hand-over is recorded. So a process can be killed
 * between two steps that follow each other at once.
 */
const HALTS = { insert: 471_101, record: 471_102 } as const;

export async function createLedger(db: Db): Promise<void> {
  await sql`CREATE SCHEMA chaos`.execute(db);
  await sql`
    CREATE TABLE chaos.accepted (queue TEXT, job_id TEXT, PRIMARY KEY (queue, job_id))`.execute(db);
  await sql`
    CREATE FUNCTION chaos.halt() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM pg_advisory_xact_lock_shared(TG_ARGV[0]::bigint);
      RETURN NEW;
    END $$`.execute(db);
  await sql`
    CREATE TRIGGER chaos_halts BEFORE UPDATE OF delivered_at ON outbox
      FOR EACH ROW WHEN (NEW.job_id LIKE 'halt-%') EXECUTE FUNCTION chaos.halt(${sql.lit(HALTS.record)})`.execute(
    db,
  );
  await sql`
    CREATE TRIGGER chaos_halts BEFORE INSERT ON dead_letter_queue
      FOR EACH ROW WHEN (NEW.job_id LIKE 'halt-%') EXECUTE FUNCTION chaos.halt(${sql.lit(HALTS.insert)})`.execute(
    db,
  );
}

/** In the transaction of the outbox row: the job is accepted exactly when this is. */
export async function accept(tx: Tx, { queue, jobId }: JobRef): Promise<void> {
  await sql`INSERT INTO chaos.accepted VALUES (${queue}, ${jobId})`.execute(tx);
}

export async function acceptedByOutbox(db: Db): Promise<AcceptedJob[]> {
  const { rows } = await sql<{ queue: string; job_id: string }>`
    SELECT queue, job_id FROM chaos.accepted`.execute(db);
  return rows.map((row) => ({ queue: row.queue, jobId: row.job_id, certain: true }));
}

export interface Halt {
  /** Whether a statement waits here. */
  isReached: () => Promise<boolean>;
  release: () => Promise<void>;
}

/** Lets the inserts or the records of `halt-` jobs wait from now on. */
export async function halt(pool: pg.Pool, where: keyof typeof HALTS): Promise<Halt> {
  const client = await pool.connect();
  await client.query('SELECT pg_advisory_lock($1)', [HALTS[where]]);
  return {
    isReached: async () => {
      const { rowCount } = await client.query(
        `SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = $1 AND NOT granted`,
        [HALTS[where]],
      );
      return (rowCount ?? 0) > 0;
    },
    release: async () => {
      // Not back to the pool: with the connection goes the lock, whatever happened.
      await client.query('SELECT pg_advisory_unlock($1)', [HALTS[where]]).catch(() => undefined);
      client.release(true);
    },
  };
}
