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
  /** Many entries of muted groups stand in front of those that are meant: walk group by group, past them. */
  byGroup?: boolean;
}

export type Positioned<T> = T & { id: DeadLetterId; failed_at: Date; failed_at_us: string };

/**
 * Reads a page, newest failure first. Each state is a walk along an index of its own; where both are meant,
 * the two are merged.
 */
export async function readPage<T>(db: Db, options: PageOptions): Promise<Positioned<T>[]> {
  const { filter, now, columns, limit, position, offset = 0, and = sql<boolean>`TRUE` } = options;
  const most = offset + limit;
  const shown = sql`${columns}, ${FAILED_AT_US}`;
  const walk = (
    what: RawBuilder<unknown>,
    where: RawBuilder<unknown>,
    count: number,
  ): RawBuilder<unknown> => sql`
    (SELECT ${what} FROM dead_letter_queue WHERE ${where} ORDER BY failed_at DESC, id DESC LIMIT ${count})`;
  const from = position === undefined ? sql<boolean>`TRUE` : after(position);
  const walks = statesOf(filter).map((state) => {
    if (options.byGroup !== true) {
      return walk(shown, sql`${state} AND ${from} AND ${conditionsOf(filter, now)} AND ${and}`, most);
    }
    const meant = sql`${state} AND ${from} AND ${conditionsOf({ ...filter, muted: 'all' }, now)} AND ${and}`;
    // A page of n entries comes from n groups at most: those whose newest entries are the newest.
    return sql`
      (SELECT entry.* FROM (
         SELECT known.id AS of_group
           FROM dead_letter_groups AS known
          CROSS JOIN LATERAL ${walk(sql`failed_at, id`, sql`group_id = known.id AND ${meant}`, 1)} AS newest
          WHERE muted_at IS NULL
          ORDER BY newest.failed_at DESC, newest.id DESC LIMIT ${most}) AS near
        CROSS JOIN LATERAL ${walk(shown, sql`group_id = near.of_group AND ${meant}`, most)} AS entry
        ORDER BY failed_at DESC, id DESC LIMIT ${most})`;
  });
  const { rows } = await sql<Positioned<T>>`
    SELECT * FROM (${sql.join(walks, sql` UNION ALL `)}) AS entry
     ORDER BY failed_at DESC, id DESC LIMIT ${limit} OFFSET ${offset}`.execute(db);
  return rows;
}

/** Where the next page begins. */
export function positionOf({ id, failed_at_us: failedAtUs }: Positioned<unknown>): Position {
  return { id, failedAtUs };
}
