import { sql, type RawBuilder } from 'kysely';

/**
 * A statement that writes jobs into the outbox which a query makes of rows that are in the database already, so
 * that their payloads need not travel. They are handed over in the query's order.
 * @param jobs a query of the columns queue_name, job_id, job_name, payload (json), job_options (json),
 *   correlation_id
 */
export function enqueueing(jobs: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`
    INSERT INTO outbox (queue_name, job_id, job_name, payload, job_options, correlation_id) ${jobs}`;
}
