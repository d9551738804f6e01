import type { Logger } from '../../../platform/logging/logger.ts';
import type { Tx } from '../../../platform/postgres/db.ts';
import { record } from '../../audit/record.ts';
import { countOutcomes, end, type OperationRow } from './store.ts';

/**
 * Ends an operation that is through with its entries, in the transaction of its last batch. It is written
 * down as an act of whoever asked for it, under the request in which it was asked for.
 */
export async function finish(tx: Tx, operation: OperationRow, now: Date): Promise<OperationRow> {
  const ended = await end(tx, operation.id, 'completed', { now, by: null });
  if (ended === null) return operation;
  const {
    matched,
    processed,
    succeeded,
    asked_by: userId,
    asked_from,
    correlation_id: correlationId,
  } = ended;
  await record(
    tx,
    { userId, ...asked_from, correlationId },
    {
      action: 'dead_letter_operation.complete',
      target: { type: 'dead_letter_operation', id: ended.id },
      reason: ended.reason,
      changes: {
        state: 'completed',
        matched,
        processed,
        succeeded,
        outcomes: await countOutcomes(tx, ended.id),
      },
    },
  );
  return ended;
}

export function tellEnd(operation: OperationRow, logger: Logger): void {
  const { id, action, state, matched, processed, succeeded, started_at, finished_at } = operation;
  logger.withCorrelation(operation.correlation_id).info('dead_letter_operation_finished', {
    operation_id: id,
    action,
    state,
    matched,
    processed,
    succeeded,
    user_id: operation.cancelled_by ?? operation.asked_by,
    duration_ms:
      started_at === null || finished_at === null ? 0 : finished_at.getTime() - started_at.getTime(),
  });
}
