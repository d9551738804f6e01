import { historyQuery, queueHistory, queuesHistory } from '../../../contract/history.ts';
import { queueParams } from '../../../contract/queues.ts';
import { HttpError } from '../../platform/http/errors.ts';
import type { HttpServer } from '../../platform/http/types.ts';
import { readQueueHistory, readQueuesHistory, type HistoryDeps } from './history.ts';

const PATH = '/api/v1/admin/queues';
const config = { access: 'queues.view' } as const;
const tags = ['queues'];

/** What queues did in the past, for charts. */
export function historyRoutes(app: HttpServer, deps: HistoryDeps): void {
  app.get(
    `${PATH}/history`,
    {
      config,
      schema: {
        tags,
        summary: 'The last hour of every queue by the minute: throughput and p95',
        response: { 200: queuesHistory },
      },
    },
    async () => readQueuesHistory(deps),
  );

  app.get(
    `${PATH}/:name/history`,
    {
      config,
      schema: {
        tags,
        summary: 'The past of one queue: depth, rate, failures and durations',
        params: queueParams,
        querystring: historyQuery,
        response: { 200: queueHistory },
      },
    },
    async ({ params, query }) => {
      if (!deps.queues.includes(params.name)) throw new HttpError('not_found');
      return readQueueHistory(params.name, query.range, deps);
    },
  );
}
