/** The SQL that resolves dead letters, one or many alike. */
import { sql } from 'kysely';
import type { Resolution } from '../../../contract/dead-letters.ts';
import type { CorrelationId, DeadLetterId, UserId } from '../../../contract/ids.ts';
import type { Tx } from '../../platform/postgres/db.ts';
import { enqueueing } from '../outbox/enqueue-many.ts';
import type { Edited } from './replay.ts';

export interface LockedRow {
  id: DeadLetterId;
  resolved: boolean;
  resolution: Resolution | null;
  queue_name: string;
  job_options: Record<string, unknown>;
  correlation_id: CorrelationId | null;
  /** The payload's JSON, where it is asked for and short. */
  payload: string | null;
  /** Its length in bytes; 0 where it is not asked for. */
  payload_bytes: number;
  /** JSONB has no likeness of it: too deep or too large. */
  payload_is_extreme: boolean;
}

const PAYLOAD = sql<string>`coalesce(payload_text, payload::text, 'null')`;
/** Payloads up to this size come with the lock: 2,000 of them are 4 MB. */
const SHORT_BYTES = 2_048;

/** Locks those of the entries that exist, in the order of their ids, so that two who want the same can't deadlock. */
export async function lockEntries(
  tx: Tx,
  ids: readonly DeadLetterId[],
  { payloads }: { payloads: boolean },
): Promise<LockedRow[]> {
  const { rows } = await sql<LockedRow>`
    SELECT id, resolved, resolution, queue_name, job_options, correlation_id, json.short AS payload,
           coalesce(json.bytes, 0) AS payload_bytes, payload IS NULL AND payload_text IS NOT NULL AS payload_is_extreme
      FROM dead_letter_queue,
           -- OFFSET 0: what JSONB is as text is found out once, and not at each mention.
           LATERAL (SELECT octet_length(text) AS bytes,
                           CASE WHEN octet_length(text) <= ${SHORT_BYTES} THEN text END AS short
                      FROM (SELECT ${payloads ? PAYLOAD : sql`NULL::text`} AS text OFFSET 0) AS whole OFFSET 0) AS json
     WHERE id = ANY(${ids}::uuid[])
     ORDER BY id
       FOR UPDATE OF dead_letter_queue`.execute(tx);
  return rows;
}

/** The payloads' JSON, exactly as the dead jobs had it. */
export async function payloadsOf(
  tx: Tx,
  ids: readonly DeadLetterId[],
): Promise<{ id: DeadLetterId; payload: string }[]> {
  const { rows } = await sql<{ id: DeadLetterId; payload: string }>`
    SELECT id, ${PAYLOAD} AS payload FROM dead_letter_queue WHERE id = ANY(${ids}::uuid[])`.execute(tx);
  return rows;
}

/** Whether PostgreSQL can parse the payload as JSON: what is too deep for JSONB may be too deep for JSON as well. */
export async function isEnqueueable(tx: Tx, id: DeadLetterId): Promise<boolean> {
  await sql`SAVEPOINT enqueueable`.execute(tx);
  try {
    await sql`SELECT ${PAYLOAD}::json FROM dead_letter_queue WHERE id = ${id}`.execute(tx);
    return true;
  } catch {
    await sql`ROLLBACK TO SAVEPOINT enqueueable`.execute(tx);
    return false;
  } finally {
    await sql`RELEASE SAVEPOINT enqueueable`.execute(tx);
  }
}

export interface Resolver {
  by: UserId;
  at: Date;
}

const resolvedBy = ({ by, at }: Resolver) => sql`resolved = TRUE, resolved_at = ${at}, resolved_by = ${by}`;

/** Marks locked, unresolved entries as discarded. */
export async function markDiscarded(tx: Tx, ids: readonly DeadLetterId[], resolver: Resolver): Promise<void> {
  await sql`
    UPDATE dead_letter_queue SET ${resolvedBy(resolver)}, resolution = 'discarded'
     WHERE id = ANY(${ids}::uuid[])`.execute(tx);
}

export interface NewRetry {
  id: DeadLetterId;
  /** The new job's options, as JSON. */
  options: string;
  correlationId: CorrelationId;
  edited: Edited | null;
}

/**
 * Marks locked, unresolved entries as retried, makes the new jobs in their order, and notes that they were made.
 * An unedited payload is copied to the letter. One statement, so that each entry is looked up and read once.
 */
export async function insertRetries(tx: Tx, retries: readonly NewRetry[], resolver: Resolver): Promise<void> {
  const column = <T>(of: (retry: NewRetry) => T): T[] => retries.map(of);
  const ids = column(({ id }) => id);
  const edits = column(({ edited }) => (edited?.options == null ? null : JSON.stringify(edited.options)));
  const diffs = column(({ edited }) => (edited === null ? null : JSON.stringify(edited.diff)));
  await sql`
    WITH marked AS (
      UPDATE dead_letter_queue AS entry
         SET ${resolvedBy(resolver)}, resolution = 'retried', retry_job_id = 'retry-' || entry.id
        FROM unnest(${ids}::uuid[], ${column(({ options }) => options)}::text[],
                    ${column(({ correlationId }) => correlationId)}::uuid[],
                    ${column(({ edited }) => edited?.payloadText ?? null)}::text[], ${edits}::text[], ${diffs}::text[])
             WITH ORDINALITY AS retry (id, options, correlation_id, payload, edit, diff, position)
       -- The ids a second time: by them alone the planner is sure to use the index, whatever it believes of the table.
       WHERE entry.id = retry.id AND entry.id = ANY(${ids}::uuid[])
      RETURNING entry.id, queue_name, group_id, job_name, retry_job_id,
                coalesce(retry.payload, payload_text, entry.payload::text, 'null')::json AS job_payload,
                options, retry.correlation_id, retry.payload, edit, diff, position
    ), enqueued AS (${enqueueing(sql`
      SELECT queue_name, retry_job_id, job_name, job_payload, options::json, correlation_id
        FROM marked ORDER BY position`)}
    )
    INSERT INTO dead_letter_retries
      (dead_letter_id, queue_name, group_id, job_id, made_at, payload_text, options, diff)
    SELECT id, queue_name, group_id, retry_job_id, ${resolver.at}, payload, edit::jsonb, diff::json
      FROM marked`.execute(tx);
}

/** Makes a discarded entry an unresolved one again. */
export async function markUnresolved(tx: Tx, id: DeadLetterId): Promise<void> {
  await sql`
    UPDATE dead_letter_queue
       SET resolved = FALSE, resolved_at = NULL, resolved_by = NULL, resolution = NULL
     WHERE id = ${id}`.execute(tx);
}
