import type { z } from 'zod';
import type { AnyQueueDefinition, QueueDefinition } from '../ops/queues/definition.ts';
import { scheduledQueue } from '../ops/queues/scheduled.ts';
import { leadDistribution } from '../marketplace/distribution/queue.ts';
import { emailSend } from '../marketplace/email/queue.ts';
import { reportExport } from '../marketplace/reports/queue.ts';

/** Every queue of FMHL. */
export const FMHL_QUEUES: readonly AnyQueueDefinition[] = [
  emailSend,
  leadDistribution,
  reportExport,
  scheduledQueue,
];

/** A queue as configured, with the type of its payload. */
export function configured<P extends z.ZodType>(
  queues: readonly AnyQueueDefinition[],
  definition: QueueDefinition<P>,
): QueueDefinition<P> {
  const found = queues.find(({ name }) => name === definition.name);
  return { ...definition, ...found, payload: definition.payload };
}
