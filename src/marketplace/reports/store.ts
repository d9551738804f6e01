/** The SQL of exports: who asked for what, how far it is, and the file. */
import { sql } from 'kysely';
import type { CorrelationId, ExportId, ProviderId, UserId } from '../../../contract/ids.ts';
import type { ExportListQuery, ExportRequest, ReportName } from '../../../contract/reports.ts';
import type { Db, Tx } from '../../platform/postgres/db.ts';
import { readPage, type Page } from '../page.ts';
import type { Selection } from './sources/select.ts';

export interface ExportRow {
  id: ExportId;
  report: ReportName;
  status: 'queued' | 'running' | 'completed' | 'failed';
  row_count: number | null;
  error: string | null;
  created_at: Date;
  completed_at: Date | null;
  expires_at: Date | null;
  /** The file's size in bytes; null while there is none, and when it was removed. */
  size: number | null;
}

const COLUMNS = sql.raw(
  'id, report, status, row_count, error, created_at, completed_at, expires_at, octet_length(content) AS size',
);

/** Lets one request of a user at a time through, until the transaction ends: so that a limit is one. */
export async function lockRequestsOf(tx: Tx, user: UserId): Promise<void> {
  await sql`SELECT pg_advisory_xact_lock(hashtextextended(${`report_exports:${user}`}, 0))`.execute(tx);
}

/** How many exports a user has asked for since a moment. */
export async function countRequests(tx: Tx, user: UserId, since: Date): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    SELECT count(*)::int AS count FROM report_exports
     WHERE requested_by = ${user} AND created_at >= ${since}`.execute(tx);
  return rows[0]?.count ?? 0;
}

/** Whether at least `count` rows match. */
export async function matchesAtLeast(tx: Tx, { matching }: Selection, count: number): Promise<boolean> {
  const { rows } = await sql`
    SELECT FROM (${matching}) AS match OFFSET ${count - 1} LIMIT 1`.execute(tx);
  return rows.length === 1;
}

/** The ids of the rows that match, in the file's order; at most `limit`. */
export async function matchingIds(tx: Tx, { matching }: Selection, limit: number): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`${matching} LIMIT ${limit}`.execute(tx);
  return rows.map(({ id }) => id);
}

export async function providerExists(tx: Tx, id: ProviderId): Promise<boolean> {
  const { rows } = await sql`SELECT FROM providers WHERE id = ${id}`.execute(tx);
  return rows.length === 1;
}

export interface NewExport {
  id: ExportId;
  requestedBy: UserId;
  /** Whose rows alone; null for all. */
  provider: ProviderId | null;
  request: ExportRequest;
  correlationId: CorrelationId;
  at: Date;
}

export async function insertExport(tx: Tx, one: NewExport): Promise<void> {
  await sql`
    INSERT INTO report_exports (id, requested_by, provider_id, report, filters, correlation_id, created_at)
    VALUES (${one.id}, ${one.requestedBy}, ${one.provider}, ${one.request.report},
            ${JSON.stringify(one.request.filters)}, ${one.correlationId}, ${one.at})`.execute(tx);
}

/** What a job has to make: the export's request as it was stored. */
export interface WantedExport {
  report: string;
  filters: unknown;
  provider_id: ProviderId | null;
}

/**
 * Marks an export as running; also one that failed before, for a dead job that was enqueued again.
 * @returns null when it is completed already, or there is none
 */
export async function markRunning(db: Db, id: ExportId): Promise<WantedExport | null> {
  const { rows } = await sql<WantedExport>`
    UPDATE report_exports SET status = 'running', error = NULL
     WHERE id = ${id} AND status <> 'completed'
    RETURNING report, filters, provider_id`.execute(db);
  return rows[0] ?? null;
}

export interface FinishedExport {
  rowCount: number;
  content: Buffer;
  completedAt: Date;
  expiresAt: Date;
}

/** @returns false when the export is completed already: two runs of its job make one file */
export async function markCompleted(db: Db, id: ExportId, file: FinishedExport): Promise<boolean> {
  const { numAffectedRows } = await sql`
    UPDATE report_exports
       SET status = 'completed', error = NULL, row_count = ${file.rowCount}, content = ${file.content},
           completed_at = ${file.completedAt}, expires_at = ${file.expiresAt}
     WHERE id = ${id} AND status <> 'completed'`.execute(db);
  return numAffectedRows === 1n;
}

/** @param error why, in words for whoever asked for it */
export async function markFailed(db: Db, id: ExportId, error: string): Promise<void> {
  await sql`
    UPDATE report_exports SET status = 'failed', error = ${error}
     WHERE id = ${id} AND status <> 'completed'`.execute(db);
}

/** An export of that user; null when there is none or it is another's. */
export async function findOwn(db: Db, id: ExportId, user: UserId): Promise<ExportRow | null> {
  const { rows } = await sql<ExportRow>`
    SELECT ${COLUMNS} FROM report_exports WHERE id = ${id} AND requested_by = ${user}`.execute(db);
  return rows[0] ?? null;
}

/** A page of a user's exports, newest first. */
export function listOwn(db: Db, user: UserId, query: ExportListQuery): Promise<Page<ExportRow>> {
  return readPage<ExportRow>(
    db,
    {
      columns: COLUMNS,
      from: sql`report_exports`,
      where: sql`requested_by = ${user}`,
      orderBy: sql`created_at DESC, id DESC`,
    },
    query,
  );
}

/** A piece of a file, `from` counted from 0; null when the file is gone. */
export async function readPiece(db: Db, id: ExportId, from: number, length: number): Promise<Buffer | null> {
  const { rows } = await sql<{ piece: Buffer | null }>`
    SELECT substring(content FROM ${from + 1}::int FOR ${length}::int) AS piece
      FROM report_exports WHERE id = ${id}`.execute(db);
  return rows[0]?.piece ?? null;
}

/**
 * Removes up to `limit` files whose time ended before a moment; what is known of the exports stays.
 * @returns how many
 */
export async function removeFiles(db: Db, before: Date, limit: number): Promise<number> {
  const { numAffectedRows } = await sql`
    UPDATE report_exports SET content = NULL
     WHERE id IN (
       SELECT id FROM report_exports WHERE content IS NOT NULL AND expires_at < ${before}
        ORDER BY expires_at LIMIT ${limit} FOR UPDATE SKIP LOCKED
     )`.execute(db);
  return Number(numAffectedRows ?? 0);
}

/**
 * Marks up to `limit` exports as failed that were asked for before a moment and are not finished.
 * @returns how many
 */
export async function failUnfinished(db: Db, before: Date, error: string, limit: number): Promise<number> {
  const { numAffectedRows } = await sql`
    UPDATE report_exports SET status = 'failed', error = ${error}
     WHERE id IN (
       SELECT id FROM report_exports
        WHERE created_at < ${before} AND status IN ('queued', 'running')
        ORDER BY created_at LIMIT ${limit} FOR UPDATE SKIP LOCKED
     )`.execute(db);
  return Number(numAffectedRows ?? 0);
}

/**
 * Deletes up to `limit` exports that were asked for before a moment, oldest first.
 * @returns how many
 */
export async function deleteExports(db: Db, before: Date, limit: number): Promise<number> {
  const { numAffectedRows } = await sql`
    DELETE FROM report_exports
     WHERE id IN (
       SELECT id FROM report_exports WHERE created_at < ${before}
        ORDER BY created_at LIMIT ${limit} FOR UPDATE SKIP LOCKED
     )`.execute(db);
  return Number(numAffectedRows ?? 0);
}
