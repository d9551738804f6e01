import { z } from 'zod';
import { FMHL_QUEUES } from '../../src/main/queues.ts';
import { defineQueue, type AnyQueueDefinition } from '../../src/ops/queues/definition.ts';
import { QUEUES } from '../dead-letters/seed.ts';

/** A hundred that have the dead letters of the benchmarks' database, and FMHL's own. */
export const MANY_QUEUES: readonly AnyQueueDefinition[] = [
  ...FMHL_QUEUES,
  ...Array.from({ length: QUEUES }, (_, index) =>
    defineQueue({
      name: `queue_${String(index).padStart(2, '0')}`,
      jobName: 'run',
      payload: z.strictObject({ lead_id: z.uuid() }),
      attempts: 3,
      backoffMs: [1_000, 5_000, 25_000],
      timeoutMs: 30_000,
      concurrency: 5,
    }),
  ),
];
