import { HttpError } from '../../platform/http/errors.ts';
import type { ResolveRequest } from './retry.ts';
import { lock, markResolved } from './store.ts';
import type { DeadLetterDeps } from './types.ts';

/**
 * Marks an entry as resolved without a new job; deletes nothing.
 * @throws HttpError not_found or already_resolved
 */
export async function discard(
  { id, actor, correlationId }: ResolveRequest,
  deps: DeadLetterDeps,
): Promise<void> {
  const entry = await deps.db.transaction().execute(async (tx) => {
    const found = await lock(tx, id);
    if (found === null) throw new HttpError('not_found');
    if (found.resolved) throw new HttpError('already_resolved');
    await markResolved(tx, id, {
      by: actor.userId,
      at: new Date(deps.clock.now()),
      resolution: 'discarded',
      retryJobId: null,
    });
    return found;
  });
  deps.metrics.counter('fmhl_dlq_discarded_total', { queue: entry.queue_name }).inc();
  deps.logger.withCorrelation(correlationId).info('dead_letter_discarded', {
    dead_letter_id: id,
    queue: entry.queue_name,
    user_id: actor.userId,
    dead_letter_correlation_id: entry.correlation_id,
  });
}
