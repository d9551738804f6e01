import type { CorrelationId, DeadLetterId } from '../../../contract/ids.ts';
import { omit } from '../../platform/collections.ts';
import type { JobsOptions } from '../../platform/engine/engine.ts';
import { HttpError } from '../../platform/http/errors.ts';
import type { Actor } from '../../platform/http/types.ts';
import { enqueueBuilt } from '../outbox/enqueue-in.ts';
import { lock, markResolved, type DetailRow } from './store.ts';
import type { DeadLetterDeps } from './types.ts';

export interface ResolveRequest {
  id: DeadLetterId;
  actor: Actor;
  /** Of the admin's request; the retried job keeps that of the dead one, where it has one. */
  correlationId: CorrelationId;
}

/**
 * Makes a new job of a dead one, with its name, payload and options, and marks the entry as resolved:
 * one transaction, so that neither happens without the other, and a job id that follows from the entry,
 * so that however often it is asked for there is one.
 * @returns the id of the new job
 * @throws HttpError not_found, already_resolved, or conflict when the queue is no longer defined
 */
export async function retry(
  { id, actor, correlationId }: ResolveRequest,
  deps: DeadLetterDeps,
): Promise<string> {
  const jobId = `retry-${id}`;
  const entry = await deps.db.transaction().execute(async (tx) => {
    const found = await lock(tx, id);
    if (found === null) throw new HttpError('not_found');
    if (found.resolved) throw new HttpError('already_resolved');
    if (!deps.definitions.some(({ name }) => name === found.queue_name)) {
      throw new HttpError('conflict', {
        details: [{ field: 'queue_name', message: `no queue ${found.queue_name} is defined any more` }],
      });
    }
    await markResolved(tx, id, {
      by: actor.userId,
      at: new Date(deps.clock.now()),
      resolution: 'retried',
      retryJobId: jobId,
    });
    const fmhl = { correlation_id: found.correlation_id ?? correlationId, retry_of: id };
    const job = { name: found.job_name, opts: { ...replayedOptions(found.job_options), jobId, fmhl } };
    await enqueueBuilt(tx, found.queue_name, job, payloadOf(found));
    return found;
  });
  deps.metrics.counter('fmhl_dlq_retried_total', { queue: entry.queue_name }).inc();
  deps.logger.withCorrelation(correlationId).info('dead_letter_retried', {
    dead_letter_id: id,
    queue: entry.queue_name,
    job_id: jobId,
    user_id: actor.userId,
    dead_letter_correlation_id: entry.correlation_id,
  });
  return jobId;
}

/** The payload's JSON, exactly as the dead job had it. */
function payloadOf(entry: DetailRow): string {
  return entry.payload_text ?? JSON.stringify(entry.payload);
}

/**
 * What would keep the new job from being made, or place it in the past: the dead job's id, its creation
 * time, its deduplication key (a key still held swallows the job), its parent (long told of the failure).
 */
const NOT_REPLAYED = ['jobId', 'timestamp', 'deduplication', 'parent'] as const;
/** Of an iteration of a scheduler besides: its slot, and the delay until that slot. */
const NOT_REPLAYED_OF_SCHEDULER = ['repeat', 'repeatJobKey', 'prevMillis', 'delay'] as const;

/** The dead job's options, as far as they are the new job's too. */
function replayedOptions(options: Record<string, unknown>): JobsOptions {
  const scheduled = 'repeat' in options || 'repeatJobKey' in options;
  const dropped = scheduled ? [...NOT_REPLAYED, ...NOT_REPLAYED_OF_SCHEDULER] : NOT_REPLAYED;
  return { ...omit(options, dropped), removeOnFail: false };
}
