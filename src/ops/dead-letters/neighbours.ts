/** The entries before and after one in a list, so that somebody can go on to the next without the list. */
import { sql } from 'kysely';
import type { DeadLetterFilter, Neighbours } from '../../../contract/dead-letters.ts';
import type { DeadLetterId } from '../../../contract/ids.ts';
import { HttpError } from '../../platform/http/errors.ts';
import type { Db, Tx } from '../../platform/postgres/db.ts';
import { FAILED_AT_US, mutedOf } from './filter.ts';
import { FEW, isKept, withinTime } from './list.ts';
import { positionOf, readPage, type PageOptions, type Positioned } from './page.ts';

const PLACE = sql`id, failed_at, group_id`;

/**
 * Looks from where the entry stands, so it need not match the filter itself: it does so no more once it is resolved.
 * @throws HttpError not_found, or bad_request naming the search that takes too long
 */
export async function neighboursOf(
  db: Db,
  id: DeadLetterId,
  filter: DeadLetterFilter,
  now: Date,
): Promise<Neighbours> {
  const { rows } = await sql<Positioned<unknown>>`
    SELECT ${PLACE}, ${FAILED_AT_US} FROM dead_letter_queue WHERE id = ${id}`.execute(db);
  const [entry] = rows;
  if (entry === undefined) throw new HttpError('not_found');
  const from = { filter, now, columns: PLACE, position: positionOf(entry), limit: 1 };
  return withinTime(db, filter, async (tx) => ({
    previous: await nearest(tx, { ...from, backwards: true }),
    next: await nearest(tx, from),
  }));
}

async function nearest(tx: Tx, from: PageOptions): Promise<DeadLetterId | null> {
  const { filter } = from;
  // Entries of groups that are not meant may stand in the way by the million: see `list`.
  const past =
    isKept(filter) && mutedOf(filter) !== 'all' ? ([{ near: FEW }, 'groups'] as const) : [undefined];
  for (const way of past) {
    const [found] = await readPage<unknown>(tx, { ...from, ...(way === undefined ? {} : { past: way }) });
    if (found !== undefined) return found.id;
  }
  return null;
}
