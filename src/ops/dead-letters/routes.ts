import {
  deadLetterDetail,
  deadLetterListQuery,
  deadLetterListResponse,
  deadLetterParams,
  RETRY_MESSAGE,
  resolveResponse,
  retryResponse,
  type DeadLetterDetail,
  type DeadLetterSummary,
} from '../../../contract/dead-letters.ts';
import { paginationOf } from '../../../contract/query.ts';
import { HttpError } from '../../platform/http/errors.ts';
import { actorOf, type HttpServer } from '../../platform/http/types.ts';
import { discard } from './discard.ts';
import { retry, type ResolveDeps } from './retry.ts';
import { find, list, type DetailRow, type SummaryRow } from './store.ts';

const PATH = '/api/v1/admin/queues/dlq';
const tags = ['dead letters'];

/** The dead-letter API of Epic 12, for admins with MFA. */
export function deadLetterRoutes(app: HttpServer, deps: ResolveDeps): void {
  app.get(
    PATH,
    {
      config: { access: 'admin' },
      schema: {
        tags,
        summary: 'Dead letters, newest failure first',
        querystring: deadLetterListQuery,
        response: { 200: deadLetterListResponse },
      },
    },
    async ({ query }) => {
      const { rows, total } = await list(deps.db, query);
      return { entries: rows.map(toSummary), pagination: paginationOf(query, total) };
    },
  );

  app.get(
    `${PATH}/:id`,
    {
      config: { access: 'admin' },
      schema: {
        tags,
        summary: 'One dead letter with its payload and stack trace',
        params: deadLetterParams,
        response: { 200: deadLetterDetail },
      },
    },
    async ({ params }) => {
      const row = await find(deps.db, params.id);
      if (row === null) throw new HttpError('not_found');
      return toDetail(row);
    },
  );

  app.post(
    `${PATH}/:id/retry`,
    {
      config: { access: 'admin' },
      schema: {
        tags,
        summary: 'Re-enqueue a dead letter as a new job',
        params: deadLetterParams,
        response: { 200: retryResponse },
      },
    },
    async (request) => {
      const { correlationId, params } = request;
      const jobId = await retry({ id: params.id, actor: actorOf(request), correlationId }, deps);
      return { ok: true as const, job_id: jobId, message: RETRY_MESSAGE };
    },
  );

  app.delete(
    `${PATH}/:id`,
    {
      config: { access: 'admin' },
      schema: {
        tags,
        summary: 'Mark a dead letter as resolved without a retry',
        params: deadLetterParams,
        response: { 200: resolveResponse },
      },
    },
    async (request) => {
      const { correlationId, params } = request;
      await discard({ id: params.id, actor: actorOf(request), correlationId }, deps);
      return { ok: true as const, message: 'DLQ entry marked as resolved' as const };
    },
  );
}

function toSummary(row: SummaryRow): DeadLetterSummary {
  const { id, queue_name, job_id, error_message, attempts, failed_at, resolved } = row;
  return { id, queue_name, job_id, error_message, attempts, failed_at: failed_at.toISOString(), resolved };
}

function toDetail(row: DetailRow): DeadLetterDetail {
  const { payload, payload_text, captured_at, resolved_at, ...rest } = row;
  return {
    ...rest,
    ...toSummary(row),
    payload: shownPayload(payload, payload_text),
    captured_at: captured_at.toISOString(),
    resolved_at: resolved_at?.toISOString() ?? null,
  };
}

/** The exact payload where JSONB has only its likeness; as text where it is too deep for a JSON answer. */
function shownPayload(payload: unknown, exact: string | null): unknown {
  if (exact === null) return payload;
  return payload === null ? exact : (JSON.parse(exact) as unknown);
}
