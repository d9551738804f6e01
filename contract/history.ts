/** What queues did in the past: from Prometheus where one is configured, else what the process itself has kept. */
import { z } from 'zod';
import { timestamp } from './ids.ts';

export const historyRange = z.enum(['15m', '1h', '6h', '24h', '7d']);
export type HistoryRange = z.infer<typeof historyRange>;
export const historyQuery = z.strictObject({ range: historyRange.default('1h') });

/**
 * `process`: of its last hour at most. Depth and failures are those of the whole fleet; rate and durations are of
 * the jobs that this process ran, and null where it runs none.
 */
export const historySource = z.enum(['prometheus', 'process']);

/** Null wherever nobody knows: no sample was taken, or nothing happened of which there could be a duration. */
const unknownable = z.number().nullable();

const history = z.object({
  source: historySource,
  /** What could not be read or is known only in part, in words; null when all was read. */
  problem: z.string().nullable(),
  step_seconds: z.int().positive(),
  /** The first point of time; each next is a step later, and the last is now or a step ago. */
  from: timestamp,
});

/** `GET /api/v1/admin/queues/:name/history?range=`: at most 240 points, oldest first, without gaps. */
export const queueHistory = history.extend({
  points: z.array(
    z.object({
      at: timestamp,
      /** Jobs that waited for a worker. */
      depth: unknownable,
      active: unknownable,
      /** Jobs completed a second. */
      rate: unknownable,
      /** Jobs that died a second: no attempt was left. */
      failures: unknownable,
      /** Quantiles of the time of one attempt, in seconds. */
      p50: unknownable,
      p95: unknownable,
      p99: unknownable,
    }),
  ),
});
export type QueueHistory = z.infer<typeof queueHistory>;

/** `GET /api/v1/admin/queues/history`: the last hour of every defined queue, in steps of a minute. */
export const queuesHistory = history.extend({
  queues: z.array(
    z.object({
      name: z.string(),
      points: z.array(
        z.object({
          at: timestamp,
          /** Jobs completed a second. */
          rate: unknownable,
          /** Of the time of one attempt, in seconds. */
          p95: unknownable,
        }),
      ),
    }),
  ),
});
export type QueuesHistory = z.infer<typeof queuesHistory>;
