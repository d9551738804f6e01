import { sql } from 'kysely';
import type { Db } from '../../platform/postgres/db.ts';

/**
 * Dead letters of a queue by the minute (UTC) of their failure, from the kept counts, which reach back two hours.
 * @returns by the start of the minute in milliseconds since the epoch; a minute without any is not in it
 */
export async function failuresByMinute(db: Db, queue: string, since: Date): Promise<Map<number, number>> {
  const { rows } = await sql<{ at: Date; entries: string }>`
    SELECT at, sum(entries) AS entries
      FROM dead_letter_tallies_now
     WHERE scope = 'queue_minute' AND queue_name = ${queue} AND at >= ${since}
     GROUP BY at`.execute(db);
  return new Map(rows.map(({ at, entries }) => [at.getTime(), Number(entries)]));
}
