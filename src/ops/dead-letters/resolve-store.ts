/** The SQL that resolves dead letters, one or many alike. */
import { sql } from 'kysely';
import type { Resolution } from '../../../contract/dead-letters.ts';
import type { CorrelationId, DeadLetterGroupId, DeadLetterId, UserId } from '../../../contract/ids.ts';
import type { Tx } from '../../platform/postgres/db.ts';
import { enqueueSelected } from '../outbox/enqueue-many.ts';
import type { Edited } from './replay.ts';

export interface LockedRow {
  id: DeadLetterId;
  resolved: boolean;
  resolution: Resolution | null;
  queue_name: string;
  group_id: DeadLetterGroupId;
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
/** Payloads up to this size come with the lock: 500 of them are 4 MB. */
const SHORT_BYTES = 8_192;

/** Locks those of the entries that exist, in the order of their ids, so that two who want the same can't deadlock. */
export async function lockEntries(
  tx: Tx,
  ids: readonly DeadLetterId[],
  { payloads }: { payloads: boolean },
): Promise<LockedRow[]> {
  const bytes = payloads ? sql`octet_length(${PAYLOAD})` : sql`0`;
  const payload = payloads
    ? sql`CASE WHEN octet_length(${PAYLOAD}) <= ${SHORT_BYTES} THEN ${PAYLOAD} END`
    : sql`NULL::text`;
  const { rows } = await sql<LockedRow>`
    SELECT id, resolved, resolution, queue_name, group_id, job_options, correlation_id, ${payload} AS payload,
           ${bytes} AS payload_bytes, payload IS NULL AND payload_text IS NOT NULL AS payload_is_extreme
      FROM dead_letter_queue
     WHERE id = ANY(${ids}::uuid[])
     ORDER BY id
       FOR UPDATE`.execute(tx);
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

/** Marks locked, unresolved entries as resolved. */
export async function markResolved(
  tx: Tx,
  ids: readonly DeadLetterId[],
  resolution: Resolution,
  { by, at }: Resolver,
): Promise<void> {
  await sql`
    UPDATE dead_letter_queue
       SET resolved = TRUE, resolved_at = ${at}, resolved_by = ${by}, resolution = ${resolution},
           retry_job_id = ${resolution === 'retried' ? sql`'retry-' || id` : null}
     WHERE id = ANY(${ids}::uuid[])`.execute(tx);
}

export interface NewRetry {
  entry: Pick<LockedRow, 'id' | 'queue_name' | 'group_id'>;
  /** The new job's options, as JSON. */
  options: string;
  correlationId: CorrelationId;
  edited: Edited | null;
}

/** Makes the new jobs, and notes that they were made. An unedited payload is copied to the letter. */
export async function insertRetries(tx: Tx, retries: readonly NewRetry[], at: Date): Promise<void> {
  const column = <T>(of: (retry: NewRetry) => T): T[] => retries.map(of);
  const ids = column(({ entry }) => entry.id);
  const payloads = column(({ edited }) => edited?.payloadText ?? null);
  await enqueueSelected(
    tx,
    // The ids a second time: by them alone the planner is sure to use the index, whatever it believes of the table.
    sql`
    SELECT queue_name, 'retry-' || entry.id, job_name, coalesce(retry.payload, ${PAYLOAD_OF_ENTRY})::json,
           retry.options::json, retry.correlation_id
      FROM unnest(${ids}::uuid[], ${column(({ options }) => options)}::text[], ${payloads}::text[],
                  ${column(({ correlationId }) => correlationId)}::uuid[])
           WITH ORDINALITY AS retry (id, options, payload, correlation_id, position)
      JOIN dead_letter_queue AS entry ON entry.id = retry.id AND entry.id = ANY(${ids}::uuid[])
     ORDER BY position`,
  );
  const options = column(({ edited }) => (edited?.options == null ? null : JSON.stringify(edited.options)));
  const diffs = column(({ edited }) => (edited === null ? null : JSON.stringify(edited.diff)));
  await sql`
    INSERT INTO dead_letter_retries
      (dead_letter_id, queue_name, group_id, job_id, made_at, payload_text, options, diff)
    SELECT id, queue_name, group_id, 'retry-' || id, ${at}, payload, options::jsonb, diff::json
      FROM unnest(${ids}::uuid[], ${column(({ entry }) => entry.queue_name)}::text[],
                  ${column(({ entry }) => entry.group_id)}::uuid[], ${payloads}::text[], ${options}::text[],
                  ${diffs}::text[]) AS retry (id, queue_name, group_id, payload, options, diff)`.execute(tx);
}

const PAYLOAD_OF_ENTRY = sql`entry.payload_text, entry.payload::text, 'null'`;

/** Makes a discarded entry an unresolved one again. */
export async function markUnresolved(tx: Tx, id: DeadLetterId): Promise<void> {
  await sql`
    UPDATE dead_letter_queue
       SET resolved = FALSE, resolved_at = NULL, resolved_by = NULL, resolution = NULL
     WHERE id = ${id}`.execute(tx);
}
