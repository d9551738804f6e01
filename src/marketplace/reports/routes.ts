import { paginationOf } from '../../../contract/query.ts';
import {
  exportAccepted,
  exportListQuery,
  exportListResponse,
  exportParams,
  exportRequest,
  exportSummary,
} from '../../../contract/reports.ts';
import { HttpError } from '../../platform/http/errors.ts';
import { actorOf, type HttpServer } from '../../platform/http/types.ts';
import { openDownload, toSummary } from './download.ts';
import { requestExport, type RequestExportDeps } from './request.ts';
import { findOwn, listOwn } from './store.ts';

const PATH = '/api/v1/reports/exports';
const tags = ['reports'];
/** Everybody sees the exports that they asked for themselves; another's is not found. */
const config = { access: 'reports.export' } as const;

/** CSV exports for providers (their own rows) and admins (everybody's). */
export function reportRoutes(app: HttpServer, deps: RequestExportDeps): void {
  const { db, clock } = deps;

  app.post(
    PATH,
    {
      config,
      schema: {
        tags,
        summary: 'Ask for a CSV export; a job makes it',
        body: exportRequest,
        response: { 202: exportAccepted },
      },
    },
    async (request, reply) => {
      const { body, logger } = request;
      const id = await requestExport(deps, body, { actor: actorOf(request), logger });
      return reply.code(202).send({ job_id: id, status: 'queued' });
    },
  );

  app.get(
    PATH,
    {
      config,
      schema: {
        tags,
        summary: 'Your exports, newest first',
        querystring: exportListQuery,
        response: { 200: exportListResponse },
      },
    },
    async (request) => {
      const { rows, total } = await listOwn(db, actorOf(request).userId, request.query);
      const now = clock.now();
      return {
        exports: rows.map((row) => toSummary(row, now)),
        pagination: paginationOf(request.query, total),
      };
    },
  );

  app.get(
    `${PATH}/:jobId/status`,
    {
      config,
      schema: {
        tags,
        summary: 'How far an export is',
        params: exportParams,
        response: { 200: exportSummary },
      },
    },
    async (request) => {
      const row = await findOwn(db, request.params.jobId, actorOf(request).userId);
      if (row === null) throw new HttpError('not_found');
      return toSummary(row, clock.now());
    },
  );

  app.get(
    `${PATH}/:jobId/download`,
    { config, schema: { tags, summary: 'The file of a completed export', params: exportParams } },
    async (request, reply) => {
      const file = await openDownload(deps, request.params.jobId, actorOf(request));
      return reply
        .header('content-type', 'text/csv; charset=utf-8; header=present')
        .header('content-length', file.size)
        .header('content-disposition', `attachment; filename="${file.filename}"`)
        .send(file.content);
    },
  );
}
