/** One page of dead letters: what lists, exports and bulk operations walk by. */
import { sql, type RawBuilder } from 'kysely';
import type { DeadLetterFilter } from '../../../contract/dead-letters.ts';
import type { DeadLetterId } from '../../../contract/ids.ts';
import type { Db } from '../../platform/postgres/db.ts';
import type { Position } from './cursor.ts';
import { after, conditionsOf, FAILED_AT_US, statesOf } from './filter.ts';

export interface PageOptions {
  filter: DeadLetterFilter;
  now: Date;
  /** Columns of `dead_letter_queue` to read, `id` and `failed_at` among them. */
  columns: RawBuilder<unknown>;
  limit: number;
  /** Begin after this entry … */
  position?: Position | undefined;
  /** … or after so many. */
  offset?: number;
  /** A further condition. */
  and?: RawBuilder<boolean>;
}

export type Positioned<T> = T & { id: DeadLetterId; failed_at: Date; failed_at_us: string };

/**
 * Reads a page, newest failure first. Each state is a walk along an index of its own; where both are meant,
 * the two are merged.
 */
export async function readPage<T>(db: Db, options: PageOptions): Promise<Positioned<T>[]> {
  const { filter, now, columns, limit, position, offset = 0, and = sql<boolean>`TRUE` } = options;
  const conditions = conditionsOf(filter, now);
  const from = position === undefined ? sql<boolean>`TRUE` : after(position);
  const walks = statesOf(filter).map(
    (state) => sql`
      (SELECT ${columns}, ${FAILED_AT_US}
         FROM dead_letter_queue WHERE ${state} AND ${from} AND ${conditions} AND ${and}
        ORDER BY failed_at DESC, id DESC LIMIT ${offset + limit})`,
  );
  const { rows } = await sql<Positioned<T>>`
    SELECT * FROM (${sql.join(walks, sql` UNION ALL `)}) AS entry
     ORDER BY failed_at DESC, id DESC LIMIT ${limit} OFFSET ${offset}`.execute(db);
  return rows;
}

/** Where the next page begins. */
export function positionOf({ id, failed_at_us: failedAtUs }: Positioned<unknown>): Position {
  return { id, failedAtUs };
}
