import {
  deadLetterParams,
  reopenRequest,
  reopenResponse,
  resolveQuery,
  resolveResponse,
  RETRY_MESSAGE,
  retryRequest,
  retryResponse,
} from '../../../contract/dead-letters.ts';
import { HttpError } from '../../platform/http/errors.ts';
import { actorOf, type HttpServer, may } from '../../platform/http/types.ts';
import { discard } from './discard.ts';
import { reopen } from './reopen.ts';
import { retry } from './retry.ts';
import type { DeadLetterDeps } from './types.ts';
import { PATH, tags } from './view.ts';

export function resolveRoutes(app: HttpServer, deps: DeadLetterDeps): void {
  retryRoute(app, deps);
  discardRoute(app, deps);
  reopenRoute(app, deps);
}

function retryRoute(app: HttpServer, deps: DeadLetterDeps): void {
  app.post(
    `${PATH}/:id/retry`,
    {
      config: { access: 'dead_letters.resolve' },
      schema: {
        tags,
        summary: 'Re-enqueue a dead letter as a new job, with another payload or options if given',
        params: deadLetterParams,
        body: retryRequest,
        response: { 200: retryResponse },
      },
    },
    async (request) => {
      const { reason = null, ...edit } = request.body ?? {};
      if (Object.keys(edit).length > 0 && !may(request, 'dead_letters.edit')) {
        throw new HttpError('insufficient_permissions');
      }
      const jobId = await retry({ id: request.params.id, actor: actorOf(request), reason, edit }, deps);
      return { ok: true as const, job_id: jobId, message: RETRY_MESSAGE };
    },
  );
}

function discardRoute(app: HttpServer, deps: DeadLetterDeps): void {
  app.delete(
    `${PATH}/:id`,
    {
      config: { access: 'dead_letters.resolve' },
      schema: {
        tags,
        summary: 'Mark a dead letter as resolved without a retry',
        params: deadLetterParams,
        querystring: resolveQuery,
        response: { 200: resolveResponse },
      },
    },
    async (request) => {
      const { reason = null } = request.query;
      await discard({ id: request.params.id, actor: actorOf(request), reason }, deps);
      return { ok: true as const, message: 'DLQ entry marked as resolved' as const };
    },
  );
}

function reopenRoute(app: HttpServer, deps: DeadLetterDeps): void {
  app.post(
    `${PATH}/:id/reopen`,
    {
      config: { access: 'dead_letters.resolve' },
      schema: {
        tags,
        summary: 'Make a discarded dead letter an unresolved one again',
        params: deadLetterParams,
        body: reopenRequest,
        response: { 200: reopenResponse },
      },
    },
    async (request) => {
      const { reason = null } = request.body ?? {};
      await reopen({ id: request.params.id, actor: actorOf(request), reason }, deps);
      return { ok: true as const, message: 'DLQ entry reopened' as const };
    },
  );
}
