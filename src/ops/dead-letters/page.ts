/** One page of dead letters: what lists, exports and bulk operations walk by. */
import { sql, type RawBuilder } from 'kysely';
import type { DeadLetterFilter } from '../../../contract/dead-letters.ts';
import type { DeadLetterId } from '../../../contract/ids.ts';
import type { Db } from '../../platform/postgres/db.ts';
import type { Position } from './cursor.ts';
import { after, conditionsOf, FAILED_AT_US, MUTED, mutedOf, statesOf } from './filter.ts';

export interface PageOptions {
  filter: DeadLetterFilter;
  now: Date;
  /** Columns of `dead_letter_queue` to read, `id`, `failed_at` and `group_id` among them. */
  columns: RawBuilder<unknown>;
  limit: number;
  /** Begin after this entry … */
  position?: Position | undefined;
  /** … or after so many. */
  offset?: number;
  /** A further condition. */
  and?: RawBuilder<boolean>;
  /**
   * For when many entries stand in the way, of groups that are not meant because they are muted, or because they
   * are not. `near`: look among so many of the next entries alone. `groups`: walk group by group, past them.
   */
  past?: { near: number } | 'groups';
}

export type Positioned<T> = T & { id: DeadLetterId; failed_at: Date; failed_at_us: string };

const NEWEST_FIRST = sql`ORDER BY failed_at DESC, id DESC`;

/**
 * Reads a page, newest failure first. Each state is a walk along an index of its own; where both are meant,
 * the two are merged.
 */
export async function readPage<T>(db: Db, options: PageOptions): Promise<Positioned<T>[]> {
  const { limit, offset = 0 } = options;
  const { rows } = await sql<Positioned<T>>`
    SELECT * FROM (${entriesOf(options, offset + limit)}) AS entry
    ${NEWEST_FIRST} LIMIT ${limit} OFFSET ${offset}`.execute(db);
  return rows;
}

function entriesOf(
  { filter, now, columns, position, past, and }: PageOptions,
  most: number,
): RawBuilder<unknown> {
  const shown = sql`${columns}, ${FAILED_AT_US}`;
  const from = position === undefined ? sql`TRUE` : after(position);
  const conditions = conditionsOf({ ...filter, ...(past === undefined ? {} : elsewhere(past)) }, now);
  const states = statesOf(filter).map(
    (state) => sql`${state} AND ${from} AND ${conditions} AND ${and ?? sql`TRUE`}`,
  );
  const merged = (walks: RawBuilder<unknown>[]): RawBuilder<unknown> => sql.join(walks, sql` UNION ALL `);

  if (past === undefined) return merged(states.map((where) => walk(shown, where, most)));
  if (past === 'groups') return merged(states.map((where) => walkGroups(shown, where, most, filter)));
  const near = most + past.near;
  return sql`
    SELECT * FROM (SELECT * FROM (${merged(states.map((where) => walk(shown, where, near)))}) AS walked
                   ${NEWEST_FIRST} LIMIT ${near}) AS near
     WHERE ${mutedOf(filter) === 'true' ? MUTED : sql`NOT ${MUTED}`}`;
}

/**
 * Conditions that are looked at elsewhere. A group is of one queue: named besides, the queue has the planner read
 * the whole of it for each of its groups.
 */
function elsewhere(past: NonNullable<PageOptions['past']>): Pick<DeadLetterFilter, 'muted' | 'queue'> {
  return past === 'groups' ? { muted: 'all', queue: undefined } : { muted: 'all' };
}

/** Entries along an index, newest first. */
function walk(what: RawBuilder<unknown>, where: RawBuilder<unknown>, most: number): RawBuilder<unknown> {
  return sql`(SELECT ${what} FROM dead_letter_queue WHERE ${where} ${NEWEST_FIRST} LIMIT ${most})`;
}

/** A page of n entries comes from n groups at most: those whose newest entries are the newest. */
function walkGroups(
  what: RawBuilder<unknown>,
  where: RawBuilder<unknown>,
  most: number,
  filter: DeadLetterFilter,
): RawBuilder<unknown> {
  const ofQueue = filter.queue === undefined ? sql`TRUE` : sql`known.queue_name = ${filter.queue}`;
  const ofGroup = filter.group === undefined ? sql`TRUE` : sql`known.id = ${filter.group}`;
  // Its entries are found in the index, and only those of the page are read.
  return sql`
    (SELECT ${what} FROM dead_letter_queue
      WHERE id = ANY (ARRAY(
        SELECT entry.id
          FROM (SELECT known.id AS of_group
                  FROM dead_letter_groups AS known
                 CROSS JOIN LATERAL ${walk(sql`failed_at, id`, sql`group_id = known.id AND ${where}`, 1)} AS newest
                 WHERE ${mutedOf(filter) === 'true' ? sql`muted_at IS NOT NULL` : sql`muted_at IS NULL`}
                   AND ${ofQueue} AND ${ofGroup}
                 ORDER BY newest.failed_at DESC, newest.id DESC LIMIT ${most}) AS near
         CROSS JOIN LATERAL ${walk(sql`failed_at, id`, sql`group_id = near.of_group AND ${where}`, most)} AS entry
         ORDER BY entry.failed_at DESC, entry.id DESC LIMIT ${most}))
      ${NEWEST_FIRST})`;
}

/** Where the next page begins. */
export function positionOf({ id, failed_at_us: failedAtUs }: Positioned<unknown>): Position {
  return { id, failedAtUs };
}
