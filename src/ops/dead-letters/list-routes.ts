import { deadLetterListQuery, deadLetterListResponse } from '../../../contract/dead-letters.ts';
import { paginationOf } from '../../../contract/query.ts';
import type { HttpServer } from '../../platform/http/types.ts';
import { list } from './list.ts';
import type { DeadLetterDeps } from './types.ts';
import { PATH, tags, toSummary } from './view.ts';

export function listRoutes(app: HttpServer, deps: DeadLetterDeps): void {
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
      const { rows, total, totalIsMinimum, nextCursor } = await list(
        deps.db,
        query,
        new Date(deps.clock.now()),
      );
      return {
        entries: rows.map(toSummary),
        pagination: paginationOf(query, total),
        next_cursor: nextCursor,
        total_is_minimum: totalIsMinimum,
      };
    },
  );
}
