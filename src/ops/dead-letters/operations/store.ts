/** The SQL of operations: asked for, looked at, worked on, ended. */
import { sql, type RawBuilder } from 'kysely';
import type { EntryOutcome, Operation } from '../../../../contract/dead-letter-operations.ts';
import type { CorrelationId, DeadLetterId, DeadLetterOperationId, UserId } from '../../../../contract/ids.ts';
import type { Actor } from '../../../platform/http/types.ts';
import type { Db, Tx } from '../../../platform/postgres/db.ts';

export interface OperationRow {
  id: DeadLetterOperationId;
  action: Operation['action'];
  /** The filter as it was asked for, `{ ids: <how many> }` where ids were given. */
  filter: Record<string, unknown>;
  reason: string;
  rate_per_second: number | null;
  state: Operation['state'];
  matched: number;
  processed: number;
  succeeded: number;
  asked_at: Date;
  asked_by: UserId;
  asked_from: Omit<Actor, 'userId' | 'correlationId'>;
  correlation_id: CorrelationId;
  started_at: Date | null;
  finished_at: Date | null;
  cancelled_by: UserId | null;
  /** How far the selection has walked, in microseconds since the epoch; null before it began. */
  selected_to_us: string | null;
  selected_to_id: DeadLetterId | null;
}

const COLUMNS = sql.raw(`
  id, action, filter, reason, rate_per_second, state, matched, processed, succeeded, asked_at, asked_by,
  asked_from, correlation_id, started_at, finished_at, cancelled_by,
  (extract(epoch FROM selected_to_failed_at) * 1000000)::bigint::text AS selected_to_us, selected_to_id`);
const IS_OPEN = sql`state IN ('selecting', 'running')`;

function one(rows: OperationRow[]): OperationRow {
  const [row] = rows;
  if (row === undefined) throw new Error('The operation was removed while it was worked on');
  return row;
}

export type NewOperation = Pick<
  OperationRow,
  'action' | 'filter' | 'reason' | 'rate_per_second' | 'asked_by' | 'asked_from' | 'correlation_id'
>;

/** It is asked for at the database's time, by which the entries' capture is dated too. */
export async function insertOperation(tx: Tx, operation: NewOperation): Promise<OperationRow> {
  const { rows } = await sql<OperationRow>`
    INSERT INTO dead_letter_operations
      (action, filter, reason, rate_per_second, asked_at, asked_by, asked_from, correlation_id)
    VALUES (${operation.action}, ${JSON.stringify(operation.filter)}, ${operation.reason},
            ${operation.rate_per_second}, now(), ${operation.asked_by}, ${JSON.stringify(operation.asked_from)},
            ${operation.correlation_id})
    RETURNING ${COLUMNS}`.execute(tx);
  return one(rows);
}

/** Takes the given entries as those that are meant, in this order. Unknown ones are found out in their turn. */
export async function selectIds(
  tx: Tx,
  operation: DeadLetterOperationId,
  ids: readonly DeadLetterId[],
): Promise<OperationRow> {
  await sql`
    INSERT INTO dead_letter_operation_entries (operation_id, position, dead_letter_id)
    SELECT ${operation}::uuid, position, id
      FROM unnest(${ids}::uuid[]) WITH ORDINALITY AS entry (id, position)`.execute(tx);
  const { rows } = await sql<OperationRow>`
    UPDATE dead_letter_operations SET matched = ${ids.length}, state = 'running'
     WHERE id = ${operation} RETURNING ${COLUMNS}`.execute(tx);
  return one(rows);
}

export interface Walk {
  /** Which entries are looked at; must be what an index can find. */
  among: RawBuilder<boolean>;
  /** Which of them are meant. */
  meant: RawBuilder<boolean>;
  /** How many are looked at. */
  limit: number;
}

/**
 * Walks on along the unresolved entries, newest failure first, and takes those that are meant. When there is
 * nothing left to look at, the operation is `running`.
 */
export async function selectNext(
  tx: Tx,
  operation: DeadLetterOperationId,
  { among, meant, limit }: Walk,
): Promise<OperationRow> {
  const { rows } = await sql<OperationRow>`
    WITH walked AS MATERIALIZED (
      SELECT id, failed_at, ${meant} AS meant
        FROM dead_letter_queue
       WHERE NOT resolved AND ${among}
       ORDER BY failed_at DESC, id DESC
       LIMIT ${limit}
    ), taken AS (
      INSERT INTO dead_letter_operation_entries (operation_id, position, dead_letter_id)
      SELECT ${operation}::uuid,
             (SELECT matched FROM dead_letter_operations WHERE id = ${operation})
               + row_number() OVER (ORDER BY failed_at DESC, id DESC),
             id
        FROM walked WHERE meant
      RETURNING 1
    ), last AS (
      SELECT id, failed_at FROM walked ORDER BY failed_at, id LIMIT 1
    )
    UPDATE dead_letter_operations AS operation
       SET matched = matched + (SELECT count(*) FROM taken),
           selected_to_failed_at = coalesce((SELECT failed_at FROM last), selected_to_failed_at),
           selected_to_id = coalesce((SELECT id FROM last), selected_to_id),
           state = CASE WHEN (SELECT count(*) FROM walked) < ${limit} THEN 'running' ELSE 'selecting' END
     WHERE id = ${operation}
    RETURNING ${COLUMNS}`.execute(tx);
  return one(rows);
}

export interface OpenOperation {
  id: DeadLetterOperationId;
  rate_per_second: number | null;
  state: Operation['state'];
  correlation_id: CorrelationId;
}

/** Operations that are not done, the oldest first. */
export async function listOpen(db: Db, limit: number): Promise<OpenOperation[]> {
  const { rows } = await sql<OpenOperation>`
    SELECT id, rate_per_second, state, correlation_id FROM dead_letter_operations
     WHERE ${IS_OPEN} ORDER BY asked_at, id LIMIT ${limit}`.execute(db);
  return rows;
}

/** Locks an operation for a turn of work; null when it has ended or somebody else works on it. */
export async function lockForTurn(tx: Tx, id: DeadLetterOperationId): Promise<OperationRow | null> {
  const { rows } = await sql<OperationRow>`
    SELECT ${COLUMNS} FROM dead_letter_operations
     WHERE id = ${id} AND ${IS_OPEN} FOR UPDATE SKIP LOCKED`.execute(tx);
  return rows[0] ?? null;
}

/**
 * The next entries in the order of work. Bounded on both sides, as positions have no gaps: of a table that
 * grew since its last ANALYZE, the planner would rather sort all that is left.
 */
export async function nextEntries(
  tx: Tx,
  { id, processed }: OperationRow,
  limit: number,
): Promise<{ position: number; dead_letter_id: DeadLetterId }[]> {
  const { rows } = await sql<{ position: number; dead_letter_id: DeadLetterId }>`
    SELECT position, dead_letter_id FROM dead_letter_operation_entries
     WHERE operation_id = ${id} AND position > ${processed} AND position <= ${processed + limit}
     ORDER BY position`.execute(tx);
  return rows;
}

/** Notes what became of entries that follow one another. */
export async function noteOutcomes(
  tx: Tx,
  id: DeadLetterOperationId,
  outcomes: readonly { position: number; outcome: EntryOutcome }[],
): Promise<void> {
  await sql`
    UPDATE dead_letter_operation_entries AS entry SET outcome = done.outcome
      FROM unnest(${outcomes.map(({ position }) => position)}::int[],
                  ${outcomes.map(({ outcome }) => outcome)}::text[]) AS done (position, outcome)
     WHERE entry.operation_id = ${id} AND entry.position = done.position
       AND entry.position BETWEEN ${outcomes[0]?.position ?? 0} AND ${outcomes.at(-1)?.position ?? 0}`.execute(
    tx,
  );
}

export interface Progress {
  processed: number;
  succeeded: number;
}

/** Adds to what was done; the first time it is noted when the work began. */
export async function addProgress(
  tx: Tx,
  id: DeadLetterOperationId,
  { processed, succeeded }: Progress,
  now: Date,
): Promise<OperationRow> {
  const { rows } = await sql<OperationRow>`
    UPDATE dead_letter_operations
       SET processed = processed + ${processed}, succeeded = succeeded + ${succeeded},
           started_at = coalesce(started_at, ${now})
     WHERE id = ${id} RETURNING ${COLUMNS}`.execute(tx);
  return one(rows);
}

/** Ends an operation; null when it had ended before. */
export async function end(
  tx: Tx,
  id: DeadLetterOperationId,
  state: 'completed' | 'cancelled',
  { now, by }: { now: Date; by: UserId | null },
): Promise<OperationRow | null> {
  const { rows } = await sql<OperationRow>`
    UPDATE dead_letter_operations
       SET state = ${state}, finished_at = ${now}, cancelled_by = ${by}
     WHERE id = ${id} AND ${IS_OPEN} RETURNING ${COLUMNS}`.execute(tx);
  return rows[0] ?? null;
}

/** How many entries had each outcome. */
export async function countOutcomes(
  tx: Tx,
  id: DeadLetterOperationId,
): Promise<Partial<Record<EntryOutcome, number>>> {
  const { rows } = await sql<{ outcome: EntryOutcome; count: number }>`
    SELECT outcome, count(*)::int AS count FROM dead_letter_operation_entries
     WHERE operation_id = ${id} AND outcome IS NOT NULL GROUP BY outcome ORDER BY outcome`.execute(tx);
  return Object.fromEntries(rows.map(({ outcome, count }) => [outcome, count]));
}

export async function findOperation(db: Db, id: DeadLetterOperationId): Promise<OperationRow | null> {
  const { rows } = await sql<OperationRow>`
    SELECT ${COLUMNS} FROM dead_letter_operations WHERE id = ${id}`.execute(db);
  return rows[0] ?? null;
}

/** Newest first; those before the operation `before`, where one is given. */
export async function listOperations(
  db: Db,
  { before, limit }: { before: DeadLetterOperationId | null; limit: number },
): Promise<OperationRow[]> {
  const where =
    before === null
      ? sql`TRUE`
      : sql`(asked_at, id) < ((SELECT asked_at FROM dead_letter_operations WHERE id = ${before}), ${before}::uuid)`;
  const { rows } = await sql<OperationRow>`
    SELECT ${COLUMNS} FROM dead_letter_operations
     WHERE ${where} ORDER BY asked_at DESC, id DESC LIMIT ${limit}`.execute(db);
  return rows;
}

export interface OperationEntryRow {
  position: number;
  dead_letter_id: DeadLetterId;
  outcome: EntryOutcome | null;
}

/** What became of the entries after a position, in the order of work. */
export async function listEntries(
  db: Db,
  id: DeadLetterOperationId,
  { outcome, after, limit }: { outcome: EntryOutcome | 'pending' | undefined; after: number; limit: number },
): Promise<OperationEntryRow[]> {
  const meant =
    outcome === undefined
      ? sql`TRUE`
      : sql`outcome IS NOT DISTINCT FROM ${outcome === 'pending' ? null : outcome}`;
  const { rows } = await sql<OperationEntryRow>`
    SELECT position, dead_letter_id, outcome FROM dead_letter_operation_entries
     WHERE operation_id = ${id} AND position > ${after} AND ${meant}
     ORDER BY position LIMIT ${limit}`.execute(db);
  return rows;
}
