import { HttpError } from '../../platform/http/errors.ts';
import { changed, record } from '../audit/record.ts';
import type { ResolveRequest } from './resolve-one.ts';
import { lockEntries, markUnresolved } from './resolve-store.ts';
import type { DeadLetterDeps } from './types.ts';

/**
 * Takes a discard back: the entry is unresolved again, as long as retention has not taken it.
 * @throws HttpError not_found, or conflict when the entry is unresolved or was retried: its new job exists
 */
export async function reopen(
  { id, actor, reason }: ResolveRequest,
  { db, logger }: DeadLetterDeps,
): Promise<void> {
  const entry = await db.transaction().execute(async (tx) => {
    const [found] = await lockEntries(tx, [id], { payloads: false });
    if (found === undefined) throw new HttpError('not_found');
    if (found.resolution !== 'discarded') {
      const message = found.resolved ? 'was retried: its new job exists' : 'is not resolved';
      throw new HttpError('conflict', { details: [{ field: 'resolution', message }] });
    }
    await markUnresolved(tx, id);
    await record(tx, actor, {
      action: 'dead_letter.reopen',
      target: { type: 'dead_letter', id },
      reason,
      changes: { resolution: changed('discarded', null) },
    });
    return found;
  });
  logger.withCorrelation(actor.correlationId).info('dead_letter_reopened', {
    dead_letter_id: id,
    queue: entry.queue_name,
    user_id: actor.userId,
    dead_letter_correlation_id: entry.correlation_id,
  });
}
