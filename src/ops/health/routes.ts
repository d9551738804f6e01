import { liveResponse, readyResponse } from '../../../contract/health.ts';
import type { HttpServer } from '../../platform/http/types.ts';
import type { Readiness } from './readiness.ts';

const config = { access: 'public', quiet: true } as const;
const tags = ['operations'];

/** `GET /health/live` and `GET /health/ready` (Epic 12, "Health Checks"). No cache may keep an answer. */
export function healthRoutes(app: HttpServer, { readiness }: { readiness: Readiness }): void {
  app.get(
    '/health/live',
    { config, schema: { summary: 'Whether the process runs', tags, response: { 200: liveResponse } } },
    async (_request, reply) => reply.header('cache-control', 'no-store').send({ status: 'ok' }),
  );
  app.get(
    '/health/ready',
    {
      config,
      schema: {
        summary: 'Whether the process and all it depends on work',
        tags,
        response: { 200: readyResponse, 503: readyResponse },
      },
    },
    async (_request, reply) => {
      const answer = await readiness.check();
      return reply
        .code(answer.status === 'ready' ? 200 : 503)
        .header('cache-control', 'no-store')
        .send(answer);
    },
  );
}
