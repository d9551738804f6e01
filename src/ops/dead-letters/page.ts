/** One page of dead letters: what lists, exports and bulk operations walk by. */
import { sql, type RawBuilder } from 'kysely';
import type { DeadLetterFilter } from '../../../contract/dead-letters.ts';
import type { DeadLetterId } from '../../../contract/ids.ts';
import type { Db } from '../../platform/postgres/db.ts';
import type { Position } from './cursor.ts';
import { after, before, conditionsOf, FAILED_AT_US, MUTED, mutedOf, statesOf } from './filter.ts';

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
  /** From the position towards the newest. */
  backwards?: boolean;
  /** A further condition. */
  and?: RawBuilder<boolean>;
  /**
   * For when many entries stand in the way, of groups that are not meant because they are muted, or because they
   * are not. `near`: look among so many of the next entries alone. `groups`: walk group by group, past them.
   */
  past?: { near: number } | 'groups';
}

export type Positioned<T> = T & { id: DeadLetterId; failed_at: Date; failed_at_us: string };

/** How a list is walked: newest failure first, then by id, unless backwards. */
const DOWN = { sort: sql`DESC`, order: sql`ORDER BY failed_at DESC, id DESC`, beyond: after };
const UP = { sort: sql`ASC`, order: sql`ORDER BY failed_at, id`, beyond: before };

/**
 * Reads a page, newest failure first, or the nearest first when it is read backwards. Each state is a walk along an index of its own; where both are meant,
 * the two are merged.
 */
export async function readPage<T>(db: Db, options: PageOptions): Promise<Positioned<T>[]> {
  const { limit, offset = 0, backwards = false } = options;
  const { rows } = await sql<Positioned<T>>`
    SELECT * FROM (${entriesOf(options, offset + limit)}) AS entry
    ${(backwards ? UP : DOWN).order} LIMIT ${limit} OFFSET ${offset}`.execute(db);
  return rows;
}

function entriesOf(
  { filter, now, columns, position, past, and, backwards = false }: PageOptions,
  most: number,
): RawBuilder<unknown> {
  const way = backwards ? UP : DOWN;
  const shown = sql`${columns}, ${FAILED_AT_US}`;
  const from = position === undefined ? sql`TRUE` : way.beyond(position);
  const conditions = conditionsOf({ ...filter, ...(past === undefined ? {} : elsewhere(past)) }, now);
  const states = statesOf(filter).map(
    (state) => sql`${state} AND ${from} AND ${conditions} AND ${and ?? sql`TRUE`}`,
  );
  const merged = (walks: RawBuilder<unknown>[]): RawBuilder<unknown> => sql.join(walks, sql` UNION ALL `);

  if (past === undefined) return merged(states.map((where) => walk(shown, where, most, way)));
  if (past === 'groups')
    return merged(states.map((where) => walkGroups(shown, where, most, { filter, way })));
  const near = most + past.near;
  return sql`
    SELECT * FROM (SELECT * FROM (${merged(states.map((where) => walk(shown, where, near, way)))}) AS walked
                   ${way.order} LIMIT ${near}) AS near
     WHERE ${mutedOf(filter) === 'true' ? MUTED : sql`NOT ${MUTED}`}`;
}

/**
 * Conditions that are looked at elsewhere. A group is of one queue: named besides, the queue has the planner read
 * the whole of it for each of its groups.
 */
function elsewhere(past: NonNullable<PageOptions['past']>): Pick<DeadLetterFilter, 'muted' | 'queue'> {
  return past === 'groups' ? { muted: 'all', queue: undefined } : { muted: 'all' };
}

/** Entries along an index. */
function walk(
  what: RawBuilder<unknown>,
  where: RawBuilder<unknown>,
  most: number,
  { order }: typeof DOWN,
): RawBuilder<unknown> {
  return sql`(SELECT ${what} FROM dead_letter_queue WHERE ${where} ${order} LIMIT ${most})`;
}

/** A page of n entries comes from n groups at most: those whose nearest entries are the nearest. */
function walkGroups(
  what: RawBuilder<unknown>,
  where: RawBuilder<unknown>,
  most: number,
  { filter, way }: { filter: DeadLetterFilter; way: typeof DOWN },
): RawBuilder<unknown> {
  const { sort, order } = way;
  const ofQueue = filter.queue === undefined ? sql`TRUE` : sql`known.queue_name = ${filter.queue}`;
  const ofGroup = filter.group === undefined ? sql`TRUE` : sql`known.id = ${filter.group}`;
  // Its entries are found in the index, and only those of the page are read.
  return sql`
    (SELECT ${what} FROM dead_letter_queue
      WHERE id = ANY (ARRAY(
        SELECT entry.id
          FROM (SELECT known.id AS of_group
                  FROM dead_letter_groups AS known
                 CROSS JOIN LATERAL ${walk(sql`failed_at, id`, sql`group_id = known.id AND ${where}`, 1, way)} AS nearest
                 WHERE ${mutedOf(filter) === 'true' ? sql`muted_at IS NOT NULL` : sql`muted_at IS NULL`}
                   AND ${ofQueue} AND ${ofGroup}
                 ORDER BY nearest.failed_at ${sort}, nearest.id ${sort} LIMIT ${most}) AS near
         CROSS JOIN LATERAL ${walk(sql`failed_at, id`, sql`group_id = near.of_group AND ${where}`, most, way)} AS entry
         ORDER BY entry.failed_at ${sort}, entry.id ${sort} LIMIT ${most}))
      ${order})`;
}

/** Where the next page begins. */
export function positionOf({ id, failed_at_us: failedAtUs }: Positioned<unknown>): Position {
  return { id, failedAtUs };
}
