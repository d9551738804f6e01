import type { z } from 'zod';
import type { Tx } from '../../platform/postgres/db.ts';
import type { QueueDefinition } from '../queues/definition.ts';
import { buildJob, type EnqueueOptions } from '../queues/job.ts';
import { insert } from './store.ts';

/**
 * Enqueues a job together with a database change: the job exists when the transaction commits, and
 * never does when it rolls back. The relay hands it to the engine within a second.
 * @returns the job's id; fixed now, so that handing the job over twice is one job
 * @throws InvalidPayloadError, which fails the transaction
 */
export async function enqueueIn<P extends z.ZodType>(
  tx: Tx,
  definition: QueueDefinition<P>,
  payload: z.input<P>,
  options: EnqueueOptions,
): Promise<string> {
  const job = buildJob(definition, payload, options);
  await insert(tx, definition.name, job, JSON.stringify(payload ?? null));
  return job.opts.jobId;
}
