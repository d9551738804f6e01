import {
  pauseRequest,
  pauseResponse,
  queueDetail,
  queueJobsQuery,
  queueJobsResponse,
  queueParams,
  resumeRequest,
} from '../../../contract/queues.ts';
import { HttpError } from '../../platform/http/errors.ts';
import { actorOf, type HttpServer } from '../../platform/http/types.ts';
import type { Logger } from '../../platform/logging/logger.ts';
import type { AnyQueueDefinition } from './definition.ts';
import { readQueue, type QueueDetailDeps } from './detail.ts';
import { listJobs } from './list-jobs.ts';
import { pauseQueue, resumeQueue, toPause } from './pause.ts';
import { findPause } from './pause-store.ts';

export interface OneQueueDeps extends QueueDetailDeps {
  definitions: readonly AnyQueueDefinition[];
  logger: Logger;
}

const PATH = '/api/v1/admin/queues/:name';
const tags = ['queues'];

/** One queue: what it does, its jobs, pause and resume. */
export function oneQueueRoutes(app: HttpServer, deps: OneQueueDeps): void {
  lookRoutes(app, deps);
  pauseRoutes(app, deps);
}

/** @throws HttpError not_found for a queue that is not defined */
function defined(name: string, { definitions }: OneQueueDeps): AnyQueueDefinition {
  const definition = definitions.find((one) => one.name === name);
  if (definition === undefined) throw new HttpError('not_found');
  return definition;
}

function lookRoutes(app: HttpServer, deps: OneQueueDeps): void {
  app.get(
    PATH,
    {
      config: { access: 'queues.view' },
      schema: {
        tags,
        summary: 'One queue: what it does now, its definition, its pause and its workers',
        params: queueParams,
        response: { 200: queueDetail },
      },
    },
    async ({ params }) => readQueue(defined(params.name, deps), deps),
  );

  app.get(
    `${PATH}/jobs`,
    {
      config: { access: 'queues.view' },
      schema: {
        tags,
        summary: 'The jobs of a queue in one state',
        params: queueParams,
        querystring: queueJobsQuery,
        response: { 200: queueJobsResponse },
      },
    },
    async ({ params, query }) => listJobs(defined(params.name, deps), query, deps.engine),
  );
}

function pauseRoutes(app: HttpServer, deps: OneQueueDeps): void {
  app.post(
    `${PATH}/pause`,
    {
      config: { access: 'queues.pause' },
      schema: {
        tags,
        summary: 'Pause a queue: its workers finish what runs, and take no more jobs',
        params: queueParams,
        body: pauseRequest,
        response: { 200: pauseResponse },
      },
    },
    async (request) => {
      const { name: queue } = defined(request.params.name, deps);
      const { reason, resume_after_seconds: resumeAfterSeconds = null } = request.body;
      await pauseQueue({ queue, reason, resumeAfterSeconds, actor: actorOf(request) }, deps);
      return { ok: true as const, pause: toPause(await findPause(deps.db, queue)) };
    },
  );

  app.post(
    `${PATH}/resume`,
    {
      config: { access: 'queues.pause' },
      schema: {
        tags,
        summary: 'Resume a queue that is paused, however that came',
        params: queueParams,
        body: resumeRequest,
        response: { 200: pauseResponse },
      },
    },
    async (request) => {
      const { name: queue } = defined(request.params.name, deps);
      await resumeQueue({ queue, reason: request.body.reason, actor: actorOf(request) }, deps);
      return { ok: true as const, pause: null };
    },
  );
}
