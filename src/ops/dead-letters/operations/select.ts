import { sql } from 'kysely';
import { deadLetterFilter } from '../../../../contract/dead-letters.ts';
import { QUERY_CANCELED, sqlState, type Tx } from '../../../platform/postgres/db.ts';
import { after, conditionsOf } from '../filter.ts';
import { selectNext, type OperationRow } from './store.ts';

/**
 * How many entries a walk looks at. It is they that are bounded, and not those that it finds: a search that
 * no index helps reads no more at a time than another, however little it finds.
 */
export const LOOKED_AT = 10_000;

/**
 * Takes the next entries that an operation's filter means: unresolved, and captured before it was asked for.
 * @param lookedAt how many are looked at, matching or not
 */
export function selectMore(tx: Tx, operation: OperationRow, lookedAt = LOOKED_AT): Promise<OperationRow> {
  const filter = deadLetterFilter.parse(operation.filter);
  const { queue, group, correlation_id, from, to } = filter;
  const indexed = conditionsOf(
    { queue, group, correlation_id, from, to, resolved: 'false', muted: 'all', expiring: 'false' },
    operation.asked_at,
  );
  const { selected_to_us: failedAtUs, selected_to_id: id } = operation;
  const rest = failedAtUs === null || id === null ? sql`TRUE` : after({ failedAtUs, id });
  return selectNext(tx, operation.id, {
    among: sql`${rest} AND ${indexed}`,
    meant: sql`captured_at <= (SELECT asked_at FROM dead_letter_operations WHERE id = ${operation.id})
               AND ${conditionsOf(filter, operation.asked_at)}`,
    limit: lookedAt,
  });
}

/**
 * The same, given up after a time. The caller's transaction goes on, with the time limit that it had.
 * @returns null when it took longer: nothing was taken then
 */
export async function selectMoreWithin(
  tx: Tx,
  operation: OperationRow,
  limitMs: number,
): Promise<OperationRow | null> {
  const { rows } = await sql<{ usual: string }>`
    SELECT current_setting('statement_timeout') AS usual`.execute(tx);
  const limitTo = (time: string): Promise<unknown> =>
    sql`SELECT set_config('statement_timeout', ${time}, TRUE)`.execute(tx);
  await sql`SAVEPOINT walk`.execute(tx);
  try {
    await limitTo(String(limitMs));
    const walked = await selectMore(tx, operation);
    await limitTo(rows[0]?.usual ?? '0');
    await sql`RELEASE SAVEPOINT walk`.execute(tx);
    return walked;
  } catch (error) {
    if (sqlState(error) !== QUERY_CANCELED) throw error;
    // The time limit too is as it was before.
    await sql`ROLLBACK TO SAVEPOINT walk`.execute(tx);
    return null;
  }
}
