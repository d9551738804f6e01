import { sql } from 'kysely';
import type { Resolution } from '../../../contract/dead-letters.ts';
import type { CorrelationId, DeadLetterGroupId, DeadLetterId, UserId } from '../../../contract/ids.ts';
import type { Db, Tx } from '../../platform/postgres/db.ts';
import type { NewDeadLetter } from './entry.ts';

export interface SummaryRow {
  id: DeadLetterId;
  queue_name: string;
  job_id: string | null;
  error_message: string | null;
  attempts: number | null;
  failed_at: Date;
  resolved: boolean;
  job_name: string;
  group_id: DeadLetterGroupId;
  correlation_id: CorrelationId | null;
  resolution: Resolution | null;
  /** How many times the job has died by now, retries included. */
  deaths: number;
}

export interface DetailRow extends SummaryRow {
  payload: unknown;
  payload_text: string | null;
  stack_trace: string | null;
  job_options: Record<string, unknown>;
  captured_at: Date;
  resolved_at: Date | null;
  resolved_by: UserId | null;
  retry_job_id: string | null;
  retry_of: DeadLetterId | null;
}

/**
 * Inserts entries; one that is stored already is left as it is.
 * @returns the entries that are new
 */
export async function insertNew(
  tx: Tx,
  entries: NewDeadLetter[],
): Promise<{ id: DeadLetterId; job_id: string }[]> {
  const column = <K extends keyof NewDeadLetter>(key: K): NewDeadLetter[K][] =>
    entries.map((entry) => entry[key]);
  const { rows } = await sql<{ id: DeadLetterId; job_id: string }>`
    INSERT INTO dead_letter_queue
      (queue_name, job_id, engine_job_id, job_name, payload, payload_text, job_options, error_message,
       stack_trace, attempts, failed_at, correlation_id, retry_of)
    SELECT queue_name, job_id, engine_job_id, job_name, payload::jsonb, payload_text, job_options::jsonb,
           error_message, stack_trace, attempts, to_timestamp(failed_at_ms / 1000.0), correlation_id, retry_of
      FROM unnest(
        ${column('queueName')}::text[], ${column('jobId')}::text[], ${column('engineJobId')}::text[],
        ${column('jobName')}::text[], ${column('payload')}::text[], ${column('payloadText')}::text[],
        ${column('jobOptions')}::text[], ${column('errorMessage')}::text[], ${column('stackTrace')}::text[],
        ${column('attempts')}::int[], ${column('failedAtMs')}::numeric[],
        ${column('correlationId')}::uuid[], ${column('retryOf')}::uuid[]
      ) AS job (queue_name, job_id, engine_job_id, job_name, payload, payload_text, job_options, error_message,
                stack_trace, attempts, failed_at_ms, correlation_id, retry_of)
    ON CONFLICT (queue_name, job_id, failed_at) DO NOTHING
    RETURNING id, job_id`.execute(tx);
  return rows;
}

/** The columns of a {@link SummaryRow}. */
export const SUMMARY = sql.raw(
  'id, queue_name, job_id, error_message, attempts, failed_at, resolved, job_name, group_id, correlation_id, resolution, deaths',
);

export async function find(db: Db, id: DeadLetterId): Promise<DetailRow | null> {
  const { rows } = await sql<DetailRow>`SELECT * FROM dead_letter_queue WHERE id = ${id}`.execute(db);
  return rows[0] ?? null;
}

/** Locks an entry until the transaction ends; null when there is none. */
export async function lock(tx: Tx, id: DeadLetterId): Promise<DetailRow | null> {
  const { rows } = await sql<DetailRow>`SELECT * FROM dead_letter_queue WHERE id = ${id} FOR UPDATE`.execute(
    tx,
  );
  return rows[0] ?? null;
}

export interface ResolvedBy {
  by: UserId;
  at: Date;
  resolution: Resolution;
  retryJobId: string | null;
}

export async function markResolved(tx: Tx, id: DeadLetterId, how: ResolvedBy): Promise<void> {
  await sql`
    UPDATE dead_letter_queue
       SET resolved = TRUE, resolved_at = ${how.at}, resolved_by = ${how.by},
           resolution = ${how.resolution}, retry_job_id = ${how.retryJobId}
     WHERE id = ${id}`.execute(tx);
}

export interface QueueDeadLetters {
  unresolved: number;
  failedLastHour: number;
}

/** Per queue that has any: unresolved entries, and those that failed within the last 60 minutes. */
export async function countByQueue(db: Db, now: Date): Promise<Map<string, QueueDeadLetters>> {
  const { rows } = await sql<{ queue_name: string; unresolved: string; failed_last_hour: string }>`
    SELECT queue_name,
           count(*) FILTER (WHERE NOT resolved) AS unresolved,
           count(*) FILTER (WHERE failed_at > ${now}::timestamptz - interval '1 hour') AS failed_last_hour
      FROM dead_letter_queue
     WHERE NOT resolved OR failed_at > ${now}::timestamptz - interval '1 hour'
     GROUP BY queue_name`.execute(db);
  return new Map(
    rows.map((row) => [
      row.queue_name,
      { unresolved: Number(row.unresolved), failedLastHour: Number(row.failed_last_hour) },
    ]),
  );
}

/**
 * Deletes up to `limit` entries that failed before a moment, oldest first.
 * @returns the queues of the deleted entries, one item each
 */
export async function deleteOlderThan(db: Db, before: Date, limit: number): Promise<string[]> {
  const { rows } = await sql<{ queue_name: string }>`
    DELETE FROM dead_letter_queue
     WHERE id IN (
       SELECT id FROM dead_letter_queue WHERE failed_at < ${before}
        ORDER BY failed_at, id LIMIT ${limit} FOR UPDATE SKIP LOCKED
     )
    RETURNING queue_name`.execute(db);
  return rows.map((row) => row.queue_name);
}
