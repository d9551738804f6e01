import { overviewResponse, type OverviewResponse } from '../../../contract/queues.ts';
import type { HttpServer } from '../../platform/http/types.ts';
import { readAllQueues, type AllQueuesDeps } from './all-queues.ts';
import { fleetOrNull, type ReadFleet, type ServingProcess } from './fleet.ts';
import type { QueueState } from './overview.ts';
import { toQueueOverview } from './routes.ts';

/** `GET /api/v1/admin/overview`: what `/queues` says, and what else an operator wants to know of each. */
export function overviewRoutes(app: HttpServer, deps: AllQueuesDeps & { fleet: ReadFleet }): void {
  app.get(
    '/api/v1/admin/overview',
    {
      config: { access: 'queues.view' },
      schema: {
        tags: ['queues'],
        summary: 'All queues, with their workers and what waits the longest',
        response: { 200: overviewResponse },
      },
    },
    async (): Promise<OverviewResponse> => {
      const [queues, fleet] = await Promise.all([readAllQueues(deps), fleetOrNull(deps.fleet)]);
      return {
        queues: queues.map((queue) => ({
          ...toQueueOverview(queue),
          ...toState(queue.state),
          defined: queue.defined,
          workers: fleet === null ? null : fleet.filter((process) => serves(process, queue.name)).length,
        })),
      };
    },
  );
}

export function toState({ oldestWaitingSeconds, ...state }: QueueState) {
  return { ...state, oldest_waiting_seconds: oldestWaitingSeconds };
}

function serves({ state, queues }: ServingProcess, queue: string): boolean {
  return state !== 'lost' && queues.some(({ name }) => name === queue);
}
