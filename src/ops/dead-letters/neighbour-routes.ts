import { deadLetterFilter, deadLetterParams, neighboursResponse } from '../../../contract/dead-letters.ts';
import { actorOf, type HttpServer } from '../../platform/http/types.ts';
import { neighboursOf } from './neighbours.ts';
import { recordSearch } from './record-search.ts';
import { refuseToSearchPayloads } from './search-access.ts';
import type { DeadLetterDeps } from './types.ts';
import { PATH, tags } from './view.ts';

export function neighbourRoutes(app: HttpServer, deps: DeadLetterDeps): void {
  app.get(
    `${PATH}/:id/neighbours`,
    {
      config: { access: 'dead_letters.view' },
      schema: {
        tags,
        summary:
          'The entries before and after one in a list; a search of payloads or error messages is audited',
        params: deadLetterParams,
        querystring: deadLetterFilter,
        response: { 200: neighboursResponse },
      },
    },
    async (request) => {
      const { query: filter } = request;
      refuseToSearchPayloads(request, filter);
      // Whether there are neighbours tells as much as a page of the list does.
      await recordSearch({ ...filter, page: 1, limit: 1 }, actorOf(request), deps);
      return neighboursOf(deps.db, request.params.id, filter, new Date(deps.clock.now()));
    },
  );
}
