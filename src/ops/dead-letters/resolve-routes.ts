import {
  deadLetterParams,
  RETRY_MESSAGE,
  resolveResponse,
  retryResponse,
} from '../../../contract/dead-letters.ts';
import { actorOf, type HttpServer } from '../../platform/http/types.ts';
import { discard } from './discard.ts';
import { retry } from './retry.ts';
import type { DeadLetterDeps } from './types.ts';
import { PATH, tags } from './view.ts';

export function resolveRoutes(app: HttpServer, deps: DeadLetterDeps): void {
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
