/** Dead letters as a file: one line each, personal fields masked, made while it is read. */
import type { DeadLetterExportQuery, DeadLetterSummary } from '../../../contract/dead-letters.ts';
import { toCsv } from '../../platform/csv.ts';
import type { Actor } from '../../platform/http/types.ts';
import { record } from '../audit/record.ts';
import { maskerOfQuotes, maskShown, personalPathsOf, shownPayload } from '../queues/masking.ts';
import { readAll, type ExportRow } from './export-store.ts';
import { filtersOf } from './record-search.ts';
import type { DeadLetterDeps } from './types.ts';
import { toSummary } from './view.ts';

export type Format = DeadLetterExportQuery['format'];

/** In the order of a file's columns. */
const COLUMNS = [
  'id',
  'queue_name',
  'job_id',
  'job_name',
  'error_message',
  'attempts',
  'failed_at',
  'resolved',
  'group_id',
  'correlation_id',
  'resolution',
  'deaths',
  'payload',
  'captured_at',
  'resolved_at',
  'resolved_by',
  'retry_job_id',
  'retry_of',
] as const satisfies (keyof Exported)[];

interface Exported extends DeadLetterSummary {
  payload: unknown;
  captured_at: string;
  resolved_at: string | null;
  resolved_by: string | null;
  retry_job_id: string | null;
  retry_of: string | null;
}

/** A part of a file; one without entries says that the search goes on. */
export interface Piece {
  text: string;
  entries: number;
}

/** Writes down who exports: in which format, and by which filters, but not what was searched for. */
export async function recordExport(
  { format, ...filter }: DeadLetterExportQuery,
  actor: Actor,
  { db }: Pick<DeadLetterDeps, 'db'>,
): Promise<void> {
  await db.transaction().execute((tx) =>
    record(tx, actor, {
      action: 'dead_letter.export',
      target: { type: 'queue', id: filter.queue ?? '*' },
      changes: { format, resolved: filter.resolved, filters: filtersOf(filter) },
    }),
  );
}

/**
 * The file's text, piece by piece. A piece is read when it is asked for, so that the reader's pace is ours.
 * Ends early, without an error, when the signal is aborted.
 */
export async function* exportEntries(
  { format, ...filter }: DeadLetterExportQuery,
  { db, clock, definitions }: Pick<DeadLetterDeps, 'db' | 'clock' | 'definitions'>,
  signal: AbortSignal,
): AsyncGenerator<Piece> {
  const write = { ndjson: toNdjson, csv: toLines }[format];
  // The header goes with the first step: until it is through the answer can still be an error.
  let header = format === 'csv' ? toCsv(COLUMNS, [], { header: true }) : '';
  for await (const rows of readAll(db, filter, { now: new Date(clock.now()), signal })) {
    const entries = rows.map((row) => toExported(row, definitions));
    yield { text: header + write(entries), entries: entries.length };
    header = '';
  }
}

function toExported(row: ExportRow, definitions: DeadLetterDeps['definitions']): Exported {
  const paths = personalPathsOf(row.queue_name, definitions);
  const shown = shownPayload(row);
  return {
    ...toSummary(row),
    error_message: maskerOfQuotes(shown, paths)(row.error_message),
    payload: maskShown(shown, paths),
    captured_at: row.captured_at.toISOString(),
    resolved_at: row.resolved_at?.toISOString() ?? null,
    resolved_by: row.resolved_by,
    retry_job_id: row.retry_job_id,
    retry_of: row.retry_of,
  };
}

function toNdjson(entries: readonly Exported[]): string {
  return entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
}

function toLines(entries: readonly Exported[]): string {
  const rows = entries.map((entry) => ({
    ...entry,
    resolved: String(entry.resolved),
    payload: JSON.stringify(entry.payload),
  }));
  return toCsv(COLUMNS, rows, { header: false });
}
