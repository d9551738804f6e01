import { stringify } from 'csv-stringify/sync';

/** What a cell can be; null is an empty cell, a Date is written in ISO 8601, UTC. */
export type Cell = string | number | Date | null;

/**
 * Rows as CSV (RFC 4180): comma, CRLF after every line, quotes where they are needed, doubled inside.
 *
 * A text that begins with `= + - @`, a tab or a carriage return gets an apostrophe before it: spreadsheets
 * would run it as a formula, and much of what is exported was typed in by strangers (OWASP, "CSV
 * Injection"). Columns of ours should hold no text that begins so: amounts are never negative.
 * @param header whether the names of the columns go first
 */
export function toCsv<C extends string>(
  columns: readonly C[],
  rows: readonly Readonly<Record<C, Cell>>[],
  { header }: { header: boolean },
): string {
  const lines: (readonly Cell[])[] = rows.map((row) => columns.map((column) => row[column]));
  if (header) lines.unshift(columns);
  return stringify(lines, {
    record_delimiter: 'windows',
    // Not only the two together, which is what the library looks for.
    quoted_match: /[\r\n]/,
    escape_formulas: true,
    cast: { date: (date) => date.toISOString() },
  });
}
