import { changed, record } from '../audit/record.ts';
import { countResolved } from './resolve-many.ts';
import { resolveOne, type ResolveRequest } from './resolve-one.ts';
import type { DeadLetterDeps } from './types.ts';

/**
 * Marks an entry as resolved without a new job; deletes nothing.
 * @throws HttpError not_found or already_resolved
 */
export async function discard(request: ResolveRequest, deps: DeadLetterDeps): Promise<void> {
  const { id, actor, reason } = request;
  const judgement = await deps.db.transaction().execute(async (tx) => {
    const resolved = await resolveOne(tx, request, { action: 'discard' }, deps);
    await record(tx, actor, {
      action: 'dead_letter.discard',
      target: { type: 'dead_letter', id },
      reason,
      changes: { resolution: changed(null, 'discarded') },
    });
    return resolved;
  });
  countResolved([judgement], deps.metrics);
  deps.logger.withCorrelation(actor.correlationId).info('dead_letter_discarded', {
    dead_letter_id: id,
    queue: judgement.entry.queue_name,
    user_id: actor.userId,
    dead_letter_correlation_id: judgement.entry.correlation_id,
  });
}
