/** Who holds what while nothing moves: said when a system does not come to rest. */
import { sql } from 'kysely';
import type { Db } from '../src/platform/postgres/db.ts';

/** A line for the leader of housekeeping, and for each transaction that has lasted for 2 s. */
export async function describeStandstill(db: Db): Promise<string[]> {
  const { rows: leaders } = await sql<{ application: string }>`
    SELECT activity.application_name AS application
      FROM pg_locks AS lock JOIN pg_stat_activity AS activity USING (pid)
     WHERE lock.locktype = 'advisory' AND lock.granted
       AND lock.objid::bigint = hashtext('fmhl:housekeeping')::bigint & 4294967295`.execute(db);
  const { rows: transactions } = await sql<{ line: string }>`
    SELECT concat_ws(' ', application_name, 'pid', pid, state, wait_event_type, wait_event, 'for',
                     round(extract(epoch FROM clock_timestamp() - xact_start)), 's:',
                     left(regexp_replace(query, '\\s+', ' ', 'g'), 100)) AS line
      FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid()
       AND clock_timestamp() - xact_start > interval '2 seconds'`.execute(db);
  return [
    `leader of housekeeping: ${leaders.map(({ application }) => application).join(', ') || 'none'}`,
    ...transactions.map(({ line }) => `lasts: ${line}`),
  ];
}
