import type { Operation } from '../../../../contract/dead-letter-operations.ts';
import type { DeadLetterOperationId } from '../../../../contract/ids.ts';
import { HttpError } from '../../../platform/http/errors.ts';
import type { Actor } from '../../../platform/http/types.ts';
import { record } from '../../audit/record.ts';
import type { DeadLetterDeps } from '../types.ts';
import { tellEnd } from './finish.ts';
import { end, findOperation } from './store.ts';
import { toOperation } from './view.ts';

/**
 * Stops an operation: waits for the batch that is being worked on, if any; entries that were not reached stay
 * as they are.
 * @throws HttpError not_found, or conflict when it has ended already
 */
export async function cancel(
  id: DeadLetterOperationId,
  actor: Actor,
  { db, clock, logger }: Pick<DeadLetterDeps, 'db' | 'clock' | 'logger'>,
): Promise<Operation> {
  const cancelled = await db.transaction().execute(async (tx) => {
    const ended = await end(tx, id, 'cancelled', { now: new Date(clock.now()), by: actor.userId });
    if (ended === null) {
      const found = await findOperation(tx, id);
      if (found === null) throw new HttpError('not_found');
      throw new HttpError('conflict', {
        details: [{ field: 'state', message: `is ${found.state} already` }],
      });
    }
    const { matched, processed, succeeded } = ended;
    await record(tx, actor, {
      action: 'dead_letter_operation.cancel',
      target: { type: 'dead_letter_operation', id },
      changes: { state: 'cancelled', matched, processed, succeeded },
    });
    return ended;
  });
  tellEnd(cancelled, logger);
  return toOperation(cancelled);
}
