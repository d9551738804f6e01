/** Rows as the API shows them. */
import type { DeadLetterSummary } from '../../../contract/dead-letters.ts';
import { maskText } from '../queues/masking.ts';
import type { SummaryRow } from './store.ts';

/** Below which all routes of dead letters are. */
export const PATH = '/api/v1/admin/queues/dlq';
/** Their heading in the API's documentation. */
export const tags = ['dead letters'];

/** As lists show it: what looks like an address, a phone number or a secret in the error message is masked. */
export function toMaskedSummary(row: SummaryRow): DeadLetterSummary {
  return { ...toSummary(row), error_message: maskText(row.error_message) };
}

export function toSummary(row: SummaryRow): DeadLetterSummary {
  return {
    id: row.id,
    queue_name: row.queue_name,
    job_id: row.job_id,
    error_message: row.error_message,
    attempts: row.attempts,
    failed_at: row.failed_at.toISOString(),
    resolved: row.resolved,
    job_name: row.job_name,
    group_id: row.group_id,
    correlation_id: row.correlation_id,
    resolution: row.resolution,
    deaths: row.deaths,
  };
}
