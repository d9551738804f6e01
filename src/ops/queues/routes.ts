import { queuesResponse } from '../../../contract/queues.ts';
import type { HttpServer } from '../../platform/http/types.ts';
import { readAllQueues, type AllQueuesDeps, type QueueAtAGlance } from './all-queues.ts';

/** `GET /api/v1/admin/queues` (Epic 12). */
export function queueRoutes(app: HttpServer, deps: AllQueuesDeps): void {
  app.get(
    '/api/v1/admin/queues',
    {
      config: { access: 'queues.view' },
      schema: { tags: ['queues'], summary: 'All queues at a glance', response: { 200: queuesResponse } },
    },
    async () => ({ queues: (await readAllQueues(deps)).map(toQueueOverview) }),
  );
}

export function toQueueOverview({ name, state, deadLetters }: QueueAtAGlance) {
  return {
    name,
    depth: state.depth,
    active: state.active,
    failed_last_hour: deadLetters.failedLastHour,
    dlq_size: deadLetters.unresolved,
    dlq_muted_size: deadLetters.muted,
  };
}
