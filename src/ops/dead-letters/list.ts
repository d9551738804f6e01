import { sql } from 'kysely';
import type { DeadLetterFilter, DeadLetterListQuery } from '../../../contract/dead-letters.ts';
import type { DeadLetterId } from '../../../contract/ids.ts';
import { badField } from '../../platform/http/errors.ts';
import { QUERY_CANCELED, sqlState, type Db, type Tx } from '../../platform/postgres/db.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { conditionsOf, mutedOf, statesOf } from './filter.ts';
import { positionOf, readPage, type PageOptions } from './page.ts';
import { SUMMARY, type SummaryRow } from './store.ts';
import { keptTotal } from './tallies.ts';

export interface DeadLetterPage {
  rows: SummaryRow[];
  total: number;
  /** `total` is only how far it was counted. */
  totalIsMinimum: boolean;
  nextCursor: string | null;
}

/** Where no count is kept, matches are counted up to here. */
const COUNTED = 1_000;
/** Page numbers reach this deep; a cursor reaches everywhere. */
const DEEPEST = 100_000;
/** So many entries of groups that are not meant can be walked over on the way: two milliseconds. */
export const FEW = 1_000;
/** Where more stand in the way, the groups are walked one by one as far as to this entry. */
const BY_GROUP = 1_000;
/** A search that takes longer is given up: it would have to read too much. */
const SEARCH_MS = 5_000;
/**
 * Room for what the indexes of texts and queues find, to be compared entry by entry. In PostgreSQL's 4 MB that of a
 * million entries is kept by the page: 18,000 entries were read for 829 of a queue.
 */
const SEARCH_MEMORY = '32MB';

/**
 * One page, newest failure first, and how many there are in all.
 * @throws HttpError bad_request naming `cursor` or `page`, or the search that takes too long
 */
export async function list(db: Db, query: DeadLetterListQuery, now: Date): Promise<DeadLetterPage> {
  const position = query.cursor === undefined ? undefined : decodeCursor(query.cursor);
  if (isKept(query)) {
    const { total, passedOver } = await keptTotal(db, query);
    const kept = { total, totalIsMinimum: false };
    if (passedOver <= FEW) return { ...(await pageOf(db, query, now, position, { total })), ...kept };
    return withinTime(db, query, async (tx) => {
      // Mostly those that are meant are among the next; a storm that goes on stands in front of them.
      if (mutedOf(query) === 'false') {
        const near = await pageOf(tx, query, now, position, { total, past: { near: FEW } });
        if (near.nextCursor !== null || total === 0) return { ...near, ...kept };
      }
      const byGroup = query.page * query.limit <= BY_GROUP ? { past: 'groups' as const } : {};
      return { ...(await pageOf(tx, query, now, position, { total, ...byGroup })), ...kept };
    });
  }
  return withinTime(db, query, async (tx) => {
    const matches = await matchesUpTo(tx, query, now, COUNTED + 1);
    if (matches.length > COUNTED) {
      const page = await pageOf(tx, query, now, position, { total: Infinity });
      return { ...page, total: COUNTED, totalIsMinimum: true };
    }
    // All of them are known: what is dear about a search is to find them, and need not be done again.
    const total = matches.length;
    const known = { ...query, ...NO_CONDITIONS };
    const page = await pageOf(tx, known, now, position, { total, and: sql`id = ANY (${matches}::uuid[])` });
    return { ...page, total, totalIsMinimum: false };
  });
}

/** @throws HttpError bad_request that names what to narrow, when a statement takes too long */
export async function withinTime<T>(
  db: Db,
  filter: DeadLetterFilter,
  work: (tx: Tx) => Promise<T>,
): Promise<T> {
  try {
    return await db.transaction().execute(async (tx) => {
      await sql`
        SELECT set_config('statement_timeout', ${String(SEARCH_MS)}, TRUE),
               set_config('work_mem', ${SEARCH_MEMORY}, TRUE)`.execute(tx);
      return work(tx);
    });
  } catch (error) {
    if (sqlState(error) !== QUERY_CANCELED) throw error;
    throw badField(searchedFor(filter), 'takes too long to search; narrow it by queue, group, from or to');
  }
}

async function pageOf(
  db: Db,
  query: DeadLetterListQuery,
  now: Date,
  position: ReturnType<typeof decodeCursor> | undefined,
  { total, ...how }: { total: number } & Pick<PageOptions, 'and' | 'past'>,
): Promise<Pick<DeadLetterPage, 'rows' | 'nextCursor'>> {
  const { limit } = query;
  const offset = (query.page - 1) * limit;
  if (offset > DEEPEST && offset < total) {
    throw badField('page', `reaches only to entry ${DEEPEST}; follow next_cursor to those beyond`);
  }
  if (offset >= total) return { rows: [], nextCursor: null };
  const options = { filter: query, now, columns: SUMMARY, position, offset, ...how };
  // One more than asked for tells whether there is a next page.
  const rows = await readPage<SummaryRow>(db, { ...options, limit: limit + 1 });
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const nextCursor = rows.length > limit && last !== undefined ? encodeCursor(positionOf(last)) : null;
  return { rows: page, nextCursor };
}

/** Filters of which counts are kept: queue, group, state and whether muted. */
export function isKept(filter: DeadLetterFilter): boolean {
  const { job_name, error, payload, payload_path, correlation_id, attempts, from, to, expiring } = filter;
  const others = [job_name, error, payload, payload_path, correlation_id, attempts, from, to];
  return others.every((value) => value === undefined) && expiring === 'false';
}

/** A filter with these added has no conditions but the state. */
const NO_CONDITIONS = {
  queue: undefined,
  group: undefined,
  job_name: undefined,
  error: undefined,
  payload: undefined,
  payload_path: undefined,
  payload_value: undefined,
  correlation_id: undefined,
  attempts: undefined,
  from: undefined,
  to: undefined,
  muted: 'all',
  expiring: 'false',
} as const satisfies Partial<Record<keyof DeadLetterFilter, unknown>>;

/** Entries that a filter matches: all of them, or `most`. */
async function matchesUpTo(
  tx: Tx,
  filter: DeadLetterFilter,
  now: Date,
  most: number,
): Promise<DeadLetterId[]> {
  const conditions = conditionsOf(filter, now);
  const matches = statesOf(filter).map(
    (state) => sql`(SELECT id FROM dead_letter_queue WHERE ${state} AND ${conditions} LIMIT ${most})`,
  );
  const { rows } = await sql<{ id: DeadLetterId }>`
    SELECT id FROM (${sql.join(matches, sql` UNION ALL `)}) AS matching LIMIT ${most}`.execute(tx);
  return rows.map(({ id }) => id);
}

/** The filter to blame for a search that takes too long. */
function searchedFor(filter: DeadLetterFilter): string {
  const field = (['payload', 'payload_path', 'error', 'job_name', 'attempts'] as const).find(
    (name) => filter[name] !== undefined,
  );
  return field ?? (filter.expiring === 'true' ? 'expiring' : 'muted');
}
