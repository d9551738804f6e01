import { deadLetterListQuery, deadLetterListResponse } from '../../../contract/dead-letters.ts';
import { paginationOf } from '../../../contract/query.ts';
import { actorOf, type HttpServer } from '../../platform/http/types.ts';
import { list } from './list.ts';
import { recordSearch } from './record-search.ts';
import { refuseToSearchPayloads } from './search-access.ts';
import type { DeadLetterDeps } from './types.ts';
import { PATH, tags, toMaskedSummary } from './view.ts';

export function listRoutes(app: HttpServer, deps: DeadLetterDeps): void {
  app.get(
    PATH,
    {
      config: { access: 'dead_letters.view' },
      schema: {
        tags,
        summary: 'Dead letters, newest failure first; a search of payloads or error messages is audited',
        querystring: deadLetterListQuery,
        response: { 200: deadLetterListResponse },
      },
    },
    async (request) => {
      const { query } = request;
      refuseToSearchPayloads(request, query);
      await recordSearch(query, actorOf(request), deps);
      const { rows, total, totalIsMinimum, nextCursor } = await list(
        deps.db,
        query,
        new Date(deps.clock.now()),
      );
      return {
        entries: rows.map(toMaskedSummary),
        pagination: paginationOf(query, total),
        next_cursor: nextCursor,
        total_is_minimum: totalIsMinimum,
      };
    },
  );
}
