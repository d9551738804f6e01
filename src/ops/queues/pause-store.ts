/** The SQL of pauses: who paused a queue, why, and until when. Whether it is paused, the engine knows. */
import { sql } from 'kysely';
import type { CorrelationId, UserId } from '../../../contract/ids.ts';
import type { Actor } from '../../platform/http/types.ts';
import type { Db, Tx } from '../../platform/postgres/db.ts';

export interface PauseRow {
  queue_name: string;
  paused_by: UserId;
  paused_at: Date;
  reason: string;
  resumes_at: Date | null;
  asked_from: Pick<Actor, 'role' | 'ip' | 'userAgent'>;
  correlation_id: CorrelationId;
  /** Its time has come, by the database's clock. */
  over: boolean;
}

/** Seconds are counted by the database's clock; null for no end. */
export type NewPause = Pick<
  PauseRow,
  'queue_name' | 'paused_by' | 'reason' | 'asked_from' | 'correlation_id'
> & {
  resumeAfterSeconds: number | null;
};

const COLUMNS = sql.raw(`
  queue_name, paused_by, paused_at, reason, resumes_at, asked_from, correlation_id,
  coalesce(resumes_at <= now(), FALSE) AS over`);

/** With the address of who did it; null when nobody has paused the queue. */
export async function findPause(
  db: Db,
  queue: string,
): Promise<(PauseRow & { email: string | null }) | null> {
  const { rows } = await sql<PauseRow & { email: string | null }>`
    SELECT ${COLUMNS}, (SELECT email FROM users WHERE id = paused_by) AS email
      FROM queue_pauses WHERE queue_name = ${queue}`.execute(db);
  return rows[0] ?? null;
}

/**
 * Holds back whoever else pauses or resumes the queue, until the transaction ends: also when there is no row yet.
 * @returns the pause as it is
 */
export async function lockPause(tx: Tx, queue: string): Promise<PauseRow | null> {
  await sql`SELECT pg_advisory_xact_lock(hashtext('fmhl:queue-pause'), hashtext(${queue}))`.execute(tx);
  const { rows } = await sql<PauseRow>`
    SELECT ${COLUMNS} FROM queue_pauses WHERE queue_name = ${queue}`.execute(tx);
  return rows[0] ?? null;
}

export async function writePause(tx: Tx, pause: NewPause): Promise<PauseRow> {
  const { queue_name, paused_by, reason, asked_from, correlation_id, resumeAfterSeconds } = pause;
  const { rows } = await sql<PauseRow>`
    INSERT INTO queue_pauses (queue_name, paused_by, reason, asked_from, correlation_id, resumes_at)
    VALUES (${queue_name}, ${paused_by}, ${reason}, ${JSON.stringify(asked_from)}, ${correlation_id},
            now() + ${resumeAfterSeconds}::float8 * interval '1 second')
    ON CONFLICT (queue_name) DO UPDATE
       SET paused_by = excluded.paused_by, paused_at = now(), reason = excluded.reason,
           asked_from = excluded.asked_from, correlation_id = excluded.correlation_id,
           resumes_at = excluded.resumes_at
    RETURNING ${COLUMNS}`.execute(tx);
  const [row] = rows;
  if (row === undefined) throw new Error('The pause was not written');
  return row;
}

export async function removePause(tx: Tx, queue: string): Promise<void> {
  await sql`DELETE FROM queue_pauses WHERE queue_name = ${queue}`.execute(tx);
}

export async function pausedQueues(db: Db): Promise<string[]> {
  const { rows } = await sql<{ queue_name: string }>`SELECT queue_name FROM queue_pauses`.execute(db);
  return rows.map(({ queue_name }) => queue_name);
}
