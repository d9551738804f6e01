import { MAX_EXPORT_ROWS, TOO_MANY_ROWS } from '../../../contract/reports.ts';
import type { Db } from '../../platform/postgres/db.ts';
import { toCsv } from '../../platform/csv.ts';
import type { Selection } from './sources/select.ts';
import { matchingIds } from './store.ts';

/** The request can't be met, this time or any other. The message is for whoever asked. */
export class ExportRefusedError extends Error {
  override name = 'ExportRefusedError';
}

export interface FileLimits {
  rows: number;
  bytes: number;
}

/**
 * 5,000 rows are usually 1 to 5 MB. The answers of a lead may be 100 KB, though, and 5,000 of those half a
 * gigabyte: the limit on bytes is what bounds a worker's memory, at about three times its value an export.
 */
export const FILE_LIMITS: FileLimits = { rows: MAX_EXPORT_ROWS, bytes: 16 * 1024 * 1024 };

/** Rows read at once: even with the largest answers some 20 MB. */
const PAGE = 200;

/**
 * Makes a report's file, as of one moment: the ids first, then their rows by the page.
 * @throws ExportRefusedError when it would be over a limit
 */
export async function makeFile(
  db: Db,
  selection: Selection,
  { signal, limits = FILE_LIMITS }: { signal: AbortSignal; limits?: FileLimits },
): Promise<{ content: Buffer; rowCount: number }> {
  const asOfOneMoment = db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only');
  return asOfOneMoment.execute(async (tx) => {
    const ids = await matchingIds(tx, selection, limits.rows + 1);
    if (ids.length > limits.rows) throw new ExportRefusedError(`The filters ${TOO_MANY_ROWS}`);
    const pieces = [Buffer.from(toCsv(selection.columns, [], { header: true }))];
    let bytes = 0;
    for (let from = 0; from < ids.length; from += PAGE) {
      signal.throwIfAborted();
      const rows = await selection.read(tx, ids.slice(from, from + PAGE));
      const piece = Buffer.from(toCsv(selection.columns, rows, { header: false }));
      pieces.push(piece);
      bytes += piece.length;
      if (bytes > limits.bytes) {
        throw new ExportRefusedError(
          `The file would be larger than ${mebibytes(limits.bytes)} MiB: narrow the filters`,
        );
      }
    }
    signal.throwIfAborted();
    return { content: Buffer.concat(pieces), rowCount: ids.length };
  });
}

function mebibytes(bytes: number): number {
  return Math.round((bytes / 1024 / 1024) * 10) / 10;
}
