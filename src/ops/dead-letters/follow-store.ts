/** The SQL of what became of retries. */
import { sql } from 'kysely';
import type { DeadLetterId } from '../../../contract/ids.ts';
import type { Db, Tx } from '../../platform/postgres/db.ts';

export interface OpenRetry {
  id: DeadLetterId;
  queue_name: string;
  job_id: string;
  made_at: Date;
  /** In PostgreSQL's own resolution. */
  made_at_us: string;
}

/** Retries whose outcome is not known, oldest first, after one of them. */
export async function openRetries(tx: Tx, after: OpenRetry | null, limit: number): Promise<OpenRetry[]> {
  // An index has them in order. Of a table that filled up since its last ANALYZE, as in a bulk retry, the planner
  // believes that few are open, and would sort all of them for every look.
  await sql`SET LOCAL enable_sort = off`.execute(tx);
  const rest =
    after === null
      ? sql`TRUE`
      : sql`(made_at, dead_letter_id) >
            (timestamptz 'epoch' + ${after.made_at_us}::bigint * interval '1 microsecond', ${after.id}::uuid)`;
  const { rows } = await sql<OpenRetry>`
    SELECT dead_letter_id AS id, queue_name, job_id, made_at,
           (extract(epoch FROM made_at) * 1000000)::bigint::text AS made_at_us
      FROM dead_letter_retries WHERE outcome IS NULL AND ${rest}
     ORDER BY made_at, dead_letter_id LIMIT ${limit}`.execute(tx);
  return rows;
}

/** Written so that it does not fit the index of those that are open: it would be read whole, and not by the ids. */
const IS_OPEN = sql`coalesce(outcome, 'open') = 'open'`;

/** Notes that the jobs of these retries completed. @returns how many were open */
export async function settleRetries(db: Db, ids: readonly DeadLetterId[], now: Date): Promise<number> {
  if (ids.length === 0) return 0;
  const { numAffectedRows } = await sql`
    UPDATE dead_letter_retries SET outcome = 'succeeded', settled_at = ${now}
     WHERE dead_letter_id = ANY (${ids}::uuid[]) AND ${IS_OPEN}`.execute(db);
  return Number(numAffectedRows ?? 0n);
}

/**
 * Notes that nobody knows what became of these: neither the engine has the job, nor the outbox, nor is it
 * among the dead.
 * @returns how many were noted
 */
export async function settleVanished(db: Db, ids: readonly DeadLetterId[], now: Date): Promise<number> {
  if (ids.length === 0) return 0;
  const { numAffectedRows } = await sql`
    UPDATE dead_letter_retries AS retry SET outcome = 'unknown', settled_at = ${now}
     WHERE dead_letter_id = ANY (${ids}::uuid[]) AND ${IS_OPEN}
       AND NOT EXISTS (SELECT FROM outbox WHERE outbox.queue_name = retry.queue_name
                                            AND outbox.job_id = retry.job_id)
       AND NOT EXISTS (SELECT FROM dead_letter_queue WHERE retry_of = retry.dead_letter_id)`.execute(db);
  return Number(numAffectedRows ?? 0n);
}
