import type { Operation } from '../../../../contract/dead-letter-operations.ts';
import type { OperationRow } from './store.ts';

/** A row as the API shows it. */
export function toOperation(row: OperationRow): Operation {
  return {
    id: row.id,
    action: row.action,
    filter: row.filter,
    reason: row.reason,
    rate_per_second: row.rate_per_second,
    state: row.state,
    matched: row.matched,
    processed: row.processed,
    succeeded: row.succeeded,
    skipped: row.processed - row.succeeded,
    asked_at: row.asked_at.toISOString(),
    asked_by: row.asked_by,
    started_at: row.started_at?.toISOString() ?? null,
    finished_at: row.finished_at?.toISOString() ?? null,
    cancelled_by: row.cancelled_by,
  };
}

/** A filter without what was searched for, which can be somebody's name. */
export function withoutTexts(filter: Record<string, unknown>): Record<string, unknown> {
  const texts = ['error', 'payload', 'payload_value'].filter((name) => name in filter);
  return { ...filter, ...Object.fromEntries(texts.map((name) => [name, '•••'])) };
}
