/** Reads dead letters for an export: any number, in pieces that are never large, each by a short statement. */
import { sql } from 'kysely';
import type { DeadLetterFilter } from '../../../contract/dead-letters.ts';
import type { DeadLetterId } from '../../../contract/ids.ts';
import { omit } from '../../platform/collections.ts';
import type { Db } from '../../platform/postgres/db.ts';
import type { Position } from './cursor.ts';
import { upTo } from './filter.ts';
import { positionOf, readPage, type Positioned } from './page.ts';
import { SUMMARY, type DetailRow } from './store.ts';

export type ExportRow = Omit<DetailRow, 'stack_trace' | 'job_options'>;

/** Entries found by one statement. */
const PAGE = 500;
/**
 * Entries that one statement looks through. A search that finds little would otherwise read millions of them
 * in one go, and run into the limit of a statement.
 */
const STEP = 20_000;
/** Characters and bytes, as stored, that are in memory at once: payloads can be large. */
const PIECE_BYTES = 1_000_000;

/** What can't be walked to along an index, and is looked for in each step. */
const SEARCHED = ['job_name', 'error', 'payload', 'payload_path', 'payload_value', 'attempts'] as const;

const KEYS = sql.raw(`id, failed_at,
  coalesce(pg_column_size(payload), 0) + coalesce(pg_column_size(payload_text), 0)
    + coalesce(pg_column_size(error_message), 0) AS bytes`);
type Key = Positioned<{ bytes: number }>;

/**
 * The entries that a filter matches, newest failure first, in pieces; a step that finds none is an empty piece,
 * so that the reader sees it go on. Each statement sees the table as it is then: an entry that retention takes
 * meanwhile is left out.
 */
export async function* readAll(
  db: Db,
  filter: DeadLetterFilter,
  { now, signal }: { now: Date; signal: AbortSignal },
): AsyncGenerator<ExportRow[]> {
  // Muted groups are looked for as well: most entries may be of them.
  const walked: DeadLetterFilter = { ...omit(filter, SEARCHED), muted: 'all' };
  let from: Position | undefined;
  do {
    const step = { filter: walked, now, columns: sql`id, failed_at`, position: from };
    const [end] = await readPage(db, { ...step, limit: 1, offset: STEP - 1 });
    const until = end === undefined ? undefined : positionOf(end);
    let found = false;
    for await (const rows of readStep(db, { filter, now, from, until, signal })) {
      found = true;
      yield rows;
    }
    if (!found) yield [];
    from = until;
  } while (from !== undefined && !signal.aborted);
}

interface Step {
  filter: DeadLetterFilter;
  now: Date;
  from: Position | undefined;
  /** The last entry of the step; undefined for all there are. */
  until: Position | undefined;
  signal: AbortSignal;
}

async function* readStep(db: Db, { filter, now, from, until, signal }: Step): AsyncGenerator<ExportRow[]> {
  const and = until === undefined ? sql<boolean>`TRUE` : upTo(until);
  let position = from;
  while (!signal.aborted) {
    const keys = await readPage<Key>(db, { filter, now, columns: KEYS, limit: PAGE, position, and });
    for (const piece of pieces(keys)) {
      const rows = await readRows(db, piece);
      if (rows.length > 0) yield rows;
    }
    const last = keys.at(-1);
    if (last === undefined || keys.length < PAGE) return;
    position = positionOf(last);
  }
}

function* pieces(keys: readonly Key[]): Generator<DeadLetterId[]> {
  let piece: DeadLetterId[] = [];
  let bytes = 0;
  for (const key of keys) {
    if (piece.length > 0 && bytes + key.bytes > PIECE_BYTES) {
      yield piece;
      piece = [];
      bytes = 0;
    }
    piece.push(key.id);
    bytes += key.bytes;
  }
  if (piece.length > 0) yield piece;
}

async function readRows(db: Db, ids: readonly DeadLetterId[]): Promise<ExportRow[]> {
  const { rows } = await sql<ExportRow>`
    SELECT ${SUMMARY}, payload, payload_text, captured_at, resolved_at, resolved_by, retry_job_id, retry_of
      FROM dead_letter_queue WHERE id = ANY (${ids}::uuid[])
     ORDER BY failed_at DESC, id DESC`.execute(db);
  return rows;
}
