import { sql, type RawBuilder } from 'kysely';
import type { Tx } from '../../platform/postgres/db.ts';

/**
 * Writes jobs into the outbox that a query makes of rows which are in the database already, so that their
 * payloads need not travel. They are handed over in the query's order.
 * @param jobs a query of the columns queue_name, job_id, job_name, payload (json), job_options (json),
 *   correlation_id
 */
export async function enqueueSelected(tx: Tx, jobs: RawBuilder<unknown>): Promise<void> {
  await sql`
    INSERT INTO outbox (queue_name, job_id, job_name, payload, job_options, correlation_id) ${jobs}`.execute(
    tx,
  );
}
