import { auditQuery, auditResponse, type AuditEntry } from '../../../contract/audit.ts';
import type { HttpServer } from '../../platform/http/types.ts';
import type { Db } from '../../platform/postgres/db.ts';
import { fromCursor, toCursor } from './cursor.ts';
import { listEntries, type ListedRow } from './store.ts';

/** The audit log, for staff to read. Nothing changes it. */
export function auditRoutes(app: HttpServer, { db }: { db: Db }): void {
  app.get(
    '/api/v1/admin/audit',
    {
      config: { access: 'audit.view' },
      schema: {
        tags: ['audit'],
        summary: 'What staff did, newest first',
        querystring: auditQuery,
        response: { 200: auditResponse },
      },
    },
    async ({ query: { cursor, limit, ...filters } }) => {
      const before = cursor === undefined ? null : fromCursor(cursor);
      // One more than asked for tells whether there is another page.
      const rows = await listEntries(db, { ...filters, limit: limit + 1 }, before);
      const page = rows.slice(0, limit);
      const last = rows.length > limit ? page.at(-1) : undefined;
      return { entries: page.map(toEntry), next_cursor: last === undefined ? null : toCursor(last.id) };
    },
  );
}

function toEntry(row: ListedRow): AuditEntry {
  return { ...row, at: row.at.toISOString() };
}
