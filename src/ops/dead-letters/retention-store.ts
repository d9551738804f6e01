/** The SQL of retention. */
import { sql } from 'kysely';
import type { Db } from '../../platform/postgres/db.ts';

/**
 * Deletes up to `limit` entries that failed before a moment, oldest first, with their retries and notes.
 * @returns the queues of the deleted entries, one item each
 */
export async function deleteEntries(
  db: Db,
  state: 'unresolved' | 'resolved',
  before: Date,
  limit: number,
): Promise<string[]> {
  const { rows } = await sql<{ queue_name: string }>`
    WITH gone AS (
      DELETE FROM dead_letter_queue
       WHERE id = ANY (ARRAY(
         SELECT id FROM dead_letter_queue
          WHERE ${state === 'resolved' ? sql`resolved` : sql`NOT resolved`} AND failed_at < ${before}
          ORDER BY failed_at, id LIMIT ${limit} FOR UPDATE SKIP LOCKED))
      RETURNING id, queue_name
    ), retries AS (
      DELETE FROM dead_letter_retries WHERE dead_letter_id IN (SELECT id FROM gone)
    ), notes AS (
      DELETE FROM dead_letter_notes WHERE dead_letter_id IN (SELECT id FROM gone)
    )
    SELECT queue_name FROM gone`.execute(db);
  return rows.map(({ queue_name }) => queue_name);
}

/**
 * Deletes groups that nothing died of lately and that have no entry left. One that is muted or has a note
 * stays: its next death must meet what people decided about it. Locked first and looked at again afterwards,
 * because whoever captures an entry or writes a note holds the group's lock until that can be seen.
 */
export async function deleteEmptyGroups(db: Db, before: Date, limit: number): Promise<number> {
  const isEmpty = sql`
    muted_at IS NULL
    AND NOT EXISTS (SELECT FROM dead_letter_notes AS note WHERE note.group_id = known.id)
    AND NOT EXISTS (SELECT FROM dead_letter_queue AS entry WHERE entry.group_id = known.id AND NOT entry.resolved)
    AND NOT EXISTS (SELECT FROM dead_letter_queue AS entry WHERE entry.group_id = known.id AND entry.resolved)`;
  return db.transaction().execute(async (tx) => {
    const { rows } = await sql<{ id: string }>`
      SELECT id FROM dead_letter_groups AS known WHERE last_seen < ${before} AND ${isEmpty}
       LIMIT ${limit} FOR UPDATE SKIP LOCKED`.execute(tx);
    await sql`
      DELETE FROM dead_letter_groups AS known
       WHERE id = ANY (${rows.map(({ id }) => id)}::uuid[]) AND ${isEmpty}`.execute(tx);
    return rows.length;
  });
}

/** Outcomes of operations that ended before a moment. */
export async function deleteOperationEntries(db: Db, before: Date, limit: number): Promise<number> {
  const { numAffectedRows } = await sql`
    DELETE FROM dead_letter_operation_entries
     WHERE (operation_id, position) IN (
       SELECT entry.operation_id, entry.position
         FROM dead_letter_operations AS operation
         JOIN dead_letter_operation_entries AS entry ON entry.operation_id = operation.id
        WHERE operation.finished_at < ${before}
        LIMIT ${limit})`.execute(db);
  return Number(numAffectedRows ?? 0n);
}

/** One operation that ended before a moment. @returns whether there was one */
export async function deleteOperation(db: Db, before: Date): Promise<boolean> {
  const { numAffectedRows } = await sql`
    DELETE FROM dead_letter_operations
     WHERE id = (SELECT id FROM dead_letter_operations WHERE finished_at < ${before} LIMIT 1)`.execute(db);
  return numAffectedRows === 1n;
}
