/** `GET /health/live` and `GET /health/ready`. */
import { z } from 'zod';

export const liveResponse = z.object({ status: z.literal('ok') });

export const healthCheck = z.object({
  status: z.enum(['up', 'down', 'not_configured']),
  latency_ms: z.number().nonnegative().optional(),
  /** Why it is down, in words for an operator. */
  reason: z.string().optional(),
});
export type HealthCheck = z.infer<typeof healthCheck>;

export const readyResponse = z.object({
  status: z.enum(['ready', 'unavailable', 'stopping']),
  checks: z.object({ database: healthCheck, redis: healthCheck, queue: healthCheck }),
});
export type ReadyResponse = z.infer<typeof readyResponse>;
