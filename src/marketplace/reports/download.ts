import { Readable } from 'node:stream';
import type { ExportId } from '../../../contract/ids.ts';
import type { ExportSummary } from '../../../contract/reports.ts';
import { record } from '../../ops/audit/record.ts';
import { HttpError } from '../../platform/http/errors.ts';
import type { Actor } from '../../platform/http/types.ts';
import type { Clock } from '../../platform/lifecycle/clock.ts';
import type { Db } from '../../platform/postgres/db.ts';
import { findOwn, readPiece, type ExportRow } from './store.ts';

/** Read from the database at a time, so that slow downloads of large files hold little memory. */
const PIECE = 1024 * 1024;

export interface Download {
  /** `fmhl-ledger-2026-01-02.csv`: letters, digits, `-` and `.` alone. */
  filename: string;
  /** Bytes. */
  size: number;
  content: Readable;
}

/**
 * The file of an export of that user. An admin's download is recorded before its first byte is sent.
 * @throws HttpError `not_found` also when it is another's, `conflict` while it is not completed and when it
 *   failed, `gone` once its 24 hours are over
 */
export async function openDownload(
  { db, clock }: { db: Db; clock: Clock },
  id: ExportId,
  actor: Actor,
): Promise<Download> {
  const row = await findOwn(db, id, actor.userId);
  if (row === null) throw new HttpError('not_found');
  if (row.status !== 'completed') throw new HttpError('conflict');
  if (row.size === null || hasExpired(row, clock.now())) throw new HttpError('gone');
  if (actor.role === 'admin') {
    const target = { type: 'report_export', id } as const;
    const changes = { report: row.report, rows: row.row_count };
    await db.transaction().execute((tx) => record(tx, actor, { action: 'report.download', target, changes }));
  }
  return {
    filename: `fmhl-${row.report}-${row.created_at.toISOString().slice(0, 10)}.csv`,
    size: row.size,
    content: Readable.from(pieces(db, id, row.size), { objectMode: false }),
  };
}

async function* pieces(db: Db, id: ExportId, size: number): AsyncGenerator<Buffer> {
  for (let from = 0; from < size; from += PIECE) {
    const piece = await readPiece(db, id, from, PIECE);
    // Breaks the connection: better than an end that looks like a whole file.
    if (piece === null) throw new Error('The file was removed during its download');
    yield piece;
  }
}

export function hasExpired(
  { status, expires_at }: Pick<ExportRow, 'status' | 'expires_at'>,
  nowMs: number,
): boolean {
  return status === 'completed' && (expires_at === null || expires_at.getTime() <= nowMs);
}

/** What its owner sees of an export. */
export function toSummary(row: ExportRow, nowMs: number): ExportSummary {
  return {
    job_id: row.id,
    report: row.report,
    status: hasExpired(row, nowMs) ? 'expired' : row.status,
    row_count: row.row_count,
    error: row.error,
    created_at: row.created_at.toISOString(),
    completed_at: row.completed_at?.toISOString() ?? null,
    expires_at: row.expires_at?.toISOString() ?? null,
  };
}
