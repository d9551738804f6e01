import type { z } from 'zod';
import type { Tx } from '../../platform/postgres/db.ts';
import type { QueueDefinition } from '../queues/definition.ts';
import { buildJob, type EnqueueOptions, type JobSpec } from '../queues/job.ts';
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

/**
 * Like {@link enqueueIn} for a job that was built before, with its payload's exact JSON.
 * @returns false when a job of that queue and id waits in the outbox already
 */
export function enqueueBuilt(
  tx: Tx,
  queue: string,
  job: Omit<JobSpec, 'data'>,
  payloadText: string,
): Promise<boolean> {
  return insert(tx, queue, { ...job, data: undefined }, payloadText);
}
