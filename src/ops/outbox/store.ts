import { sql, type RawBuilder } from 'kysely';
import type { CorrelationId } from '../../../contract/ids.ts';
import type { Db, Tx } from '../../platform/postgres/db.ts';
import { storable } from '../../platform/postgres/text.ts';
import type { JobSpec } from '../queues/job.ts';

export interface OutboxRow {
  id: string;
  queueName: string;
  attempts: number;
  correlationId: CorrelationId | null;
  job: JobSpec;
}

/**
 * Writes a job into the outbox.
 * @returns false when a job of that queue and id waits there already
 */
export async function insert(tx: Tx, queue: string, job: JobSpec, payloadText: string): Promise<boolean> {
  const { numAffectedRows } = await sql`
    INSERT INTO outbox (queue_name, job_id, job_name, payload, job_options, correlation_id)
    VALUES (${queue}, ${job.opts.jobId}, ${job.name}, ${payloadText}, ${JSON.stringify(job.opts)},
            ${job.opts.fmhl.correlation_id})
    ON CONFLICT (queue_name, job_id) DO UPDATE
       SET job_name = EXCLUDED.job_name, payload = EXCLUDED.payload, job_options = EXCLUDED.job_options,
           correlation_id = EXCLUDED.correlation_id, created_at = now(),
           attempts = 0, next_attempt_at = now(), last_error = NULL, delivered_at = NULL, delivered_to = NULL
     WHERE outbox.delivered_at IS NOT NULL`.execute(tx);
  return numAffectedRows === 1n;
}

/** Locks the oldest rows that are due, skipping those that another relay holds. */
export async function lockDue(tx: Tx, limit: number): Promise<OutboxRow[]> {
  // An index has them in order. Of a table that filled up since its last ANALYZE the planner believes that it is
  // small, and would sort all that waits for every batch.
  await sql`SET LOCAL enable_sort = off`.execute(tx);
  const { rows } = await sql<{
    id: string;
    queue_name: string;
    job_name: string;
    payload: unknown;
    job_options: JobSpec['opts'];
    attempts: number;
    correlation_id: CorrelationId | null;
  }>`
    SELECT id, queue_name, job_name, payload, job_options, attempts, correlation_id
      FROM outbox
     WHERE delivered_at IS NULL AND next_attempt_at <= now()
     ORDER BY next_attempt_at, id
     LIMIT ${limit}
       FOR UPDATE SKIP LOCKED`.execute(tx);
  return rows.map((row) => ({
    id: row.id,
    queueName: row.queue_name,
    attempts: row.attempts,
    correlationId: row.correlation_id,
    job: { name: row.job_name, data: row.payload, opts: row.job_options },
  }));
}

/** Notes that jobs were handed over, and to which incarnation of the engine. */
export async function markDelivered(tx: Tx, ids: string[], incarnation: string): Promise<void> {
  await sql`
    UPDATE outbox SET delivered_at = now(), delivered_to = ${incarnation}
     WHERE id = ANY(${ids}::bigint[])`.execute(tx);
}

/** Of the jobs handed over: whether some went to another incarnation, and whether some are kept long enough. */
export async function reviewDelivered(
  db: Db,
  incarnation: string,
  keptForMs: number,
): Promise<{ toAnother: boolean; old: boolean }> {
  const { rows } = await sql<{ to_another: boolean | null; old: boolean | null }>`
    -- The ends of the index, rather than rows that differ: with those, the planner may read the whole table.
    SELECT (SELECT delivered_to FROM outbox WHERE delivered_at IS NOT NULL
             ORDER BY delivered_to, delivered_at LIMIT 1) <> ${incarnation}
           OR (SELECT delivered_to FROM outbox WHERE delivered_at IS NOT NULL
                ORDER BY delivered_to DESC, delivered_at DESC LIMIT 1) <> ${incarnation} AS to_another,
           (SELECT delivered_at FROM outbox WHERE delivered_at IS NOT NULL AND delivered_to = ${incarnation}
             ORDER BY delivered_to, delivered_at LIMIT 1) < ${ago(keptForMs)} AS old`.execute(db);
  return { toAnother: rows[0]?.to_another ?? false, old: rows[0]?.old ?? false };
}

/**
 * Lets up to `limit` jobs that were handed over to another incarnation wait again. Rows that somebody else
 * holds are left for the next time.
 * @returns how many
 */
export async function takeBack(db: Db, incarnation: string, limit: number): Promise<number> {
  const { numAffectedRows } = await sql`
    UPDATE outbox SET delivered_at = NULL, delivered_to = NULL, next_attempt_at = now()
     WHERE id IN (
       SELECT id FROM outbox
        WHERE delivered_at IS NOT NULL AND delivered_to <> ${incarnation}
        ORDER BY id LIMIT ${limit} FOR UPDATE SKIP LOCKED
     )`.execute(db);
  return Number(numAffectedRows ?? 0n);
}

/** Forgets up to `limit` jobs that this incarnation has had for long enough. */
export async function removeDelivered(
  db: Db,
  incarnation: string,
  keptForMs: number,
  limit: number,
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    // An index has them in order, as in lockDue: all that is old would be sorted for each batch.
    await sql`SET LOCAL enable_sort = off`.execute(tx);
    await sql`
      DELETE FROM outbox
       WHERE id IN (
         SELECT id FROM outbox
          WHERE delivered_at < ${ago(keptForMs)} AND delivered_to = ${incarnation}
          ORDER BY delivered_at LIMIT ${limit} FOR UPDATE SKIP LOCKED
       )`.execute(tx);
  });
}

function ago(ms: number): RawBuilder<Date> {
  return sql<Date>`now() - ${ms} * interval '1 millisecond'`;
}

/** Notes a failed hand-over; the next is due after 1 s, 2 s, 4 s … at most 5 min. */
export async function postpone(tx: Tx, id: string, reason: string): Promise<void> {
  await sql`
    UPDATE outbox
       SET attempts = attempts + 1,
           last_error = ${reason.replaceAll('\0', '').slice(0, 1_000)},
           next_attempt_at = now() + least(interval '1 second' * power(2, least(attempts, 20)), interval '5 minutes')
     WHERE id = ${id}::bigint`.execute(tx);
}

/**
 * Forgets jobs that are known to have reached the engine: a dead job need not be handed over again.
 * Waits for a relay that is handing one of them over right now.
 */
export async function forget(tx: Tx, queue: string, jobIds: string[]): Promise<void> {
  // An id that PostgreSQL can't hold was never in the outbox.
  const ids = jobIds.filter((id) => storable(id) === id);
  await sql`DELETE FROM outbox WHERE queue_name = ${queue} AND job_id = ANY(${ids})`.execute(tx);
}

export interface Backlog {
  /** Jobs that wait to be handed over. */
  depth: number;
  /** Of these, the ones that were refused and are not due yet. */
  postponed: number;
  /** For how long the job that is due longest has been due; 0 when none is. */
  oldestSeconds: number;
}

/**
 * What waits. Every part is read from the index of what is due: with 200,000 jobs waiting in half the time of a look
 * at their rows.
 */
export async function backlog(db: Db): Promise<Backlog> {
  const { rows } = await sql<{ depth: string; postponed: string; oldest: number | null }>`
    SELECT (SELECT count(*) FROM outbox WHERE delivered_at IS NULL) AS depth,
           (SELECT count(*) FROM outbox WHERE delivered_at IS NULL AND next_attempt_at > now()) AS postponed,
           -- Of what is postponed alone it is before its time, and negative.
           extract(epoch FROM now() - (SELECT min(next_attempt_at) FROM outbox WHERE delivered_at IS NULL))::float8
             AS oldest`.execute(db);
  const { depth = 0, postponed = 0, oldest } = rows[0] ?? {};
  return { depth: Number(depth), postponed: Number(postponed), oldestSeconds: Math.max(oldest ?? 0, 0) };
}
