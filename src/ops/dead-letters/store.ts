import { sql } from 'kysely';
import type { Resolution } from '../../../contract/dead-letters.ts';
import type { CorrelationId, DeadLetterGroupId, DeadLetterId, UserId } from '../../../contract/ids.ts';
import type { Db } from '../../platform/postgres/db.ts';

export interface SummaryRow {
  id: DeadLetterId;
  queue_name: string;
  job_id: string | null;
  error_message: string | null;
  attempts: number | null;
  failed_at: Date;
  resolved: boolean;
  job_name: string;
  group_id: DeadLetterGroupId;
  correlation_id: CorrelationId | null;
  resolution: Resolution | null;
  /** How many times the job has died by now, retries included. */
  deaths: number;
}

export interface DetailRow extends SummaryRow {
  payload: unknown;
  payload_text: string | null;
  stack_trace: string | null;
  job_options: Record<string, unknown>;
  captured_at: Date;
  resolved_at: Date | null;
  resolved_by: UserId | null;
  resolved_by_email: string | null;
  retry_job_id: string | null;
  retry_of: DeadLetterId | null;
}

/** The columns of a {@link SummaryRow}. */
export const SUMMARY = sql.raw(
  'id, queue_name, job_id, error_message, attempts, failed_at, resolved, job_name, group_id, correlation_id, resolution, deaths',
);

export async function find(db: Db, id: DeadLetterId): Promise<DetailRow | null> {
  const { rows } = await sql<DetailRow>`
    SELECT *, (SELECT email FROM users WHERE id = resolved_by) AS resolved_by_email
      FROM dead_letter_queue WHERE id = ${id}`.execute(db);
  return rows[0] ?? null;
}
