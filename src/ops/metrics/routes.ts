import { z } from 'zod';
import type { HttpServer } from '../../platform/http/types.ts';
import { CONTENT_TYPE, type Metrics } from './registry.ts';

/** `GET /metrics`: for Prometheus, from the internal network only (Epic 12). */
export function metricsRoutes(app: HttpServer, { metrics }: { metrics: Metrics }): void {
  app.get(
    '/metrics',
    {
      config: { access: 'internal', quiet: true },
      schema: {
        summary: 'All metrics, for Prometheus',
        tags: ['operations'],
        response: {
          200: { description: 'Prometheus text format', content: { 'text/plain': { schema: z.string() } } },
        },
      },
      // The exposition is text already; a JSON serializer would quote it.
      serializerCompiler: () => (text) => String(text),
    },
    async (_request, reply) => {
      const text = await metrics.expose();
      return reply.header('content-type', CONTENT_TYPE).send(text);
    },
  );
}
