/** A filter of dead letters as SQL. All of it works on the columns of `dead_letter_queue`, without an alias. */
import { sql, type RawBuilder } from 'kysely';
import type { DeadLetterFilter } from '../../../contract/dead-letters.ts';
import type { Position } from './cursor.ts';

/** Epic 12: "Retention: 30 days via scheduled cleanup job." */
export const RETENTION_MS = 30 * 24 * 3_600_000;
/** Unresolved entries are warned of this long before retention takes them. */
export const EXPIRY_WARNING_MS = 3 * 24 * 3_600_000;

/** Of muted groups: evaluated once a statement. */
export const MUTED = sql`group_id = ANY (ARRAY(SELECT id FROM dead_letter_groups WHERE muted_at IS NOT NULL))`;

/** Whether entries of muted groups are meant: by default only where their group is named. */
export function mutedOf({
  muted,
  group,
}: Pick<DeadLetterFilter, 'muted' | 'group'>): 'true' | 'false' | 'all' {
  return muted ?? (group === undefined ? 'false' : 'all');
}

/** Every condition but the state, which chooses the index and is the caller's: see {@link stateOf}. */
export function conditionsOf(filter: DeadLetterFilter, now: Date): RawBuilder<boolean> {
  const all: RawBuilder<unknown>[] = [sql`TRUE`];
  const add = (condition: RawBuilder<unknown>): void => void all.push(condition);
  if (filter.queue !== undefined) add(sql`queue_name = ${filter.queue}`);
  if (filter.group !== undefined) add(sql`group_id = ${filter.group}`);
  if (filter.job_name !== undefined) add(sql`job_name = ${filter.job_name}`);
  if (filter.error !== undefined) add(sql`error_message ILIKE ${containing(filter.error)}`);
  if (filter.payload !== undefined) {
    add(sql`coalesce(payload_text, payload::text) ILIKE ${containing(filter.payload)}`);
  }
  if (filter.payload_path !== undefined) {
    add(sql`payload #>> ${filter.payload_path.split('.')}::text[] = ${filter.payload_value ?? ''}`);
  }
  if (filter.correlation_id !== undefined) add(sql`correlation_id = ${filter.correlation_id}`);
  if (filter.attempts !== undefined) add(sql`attempts = ${filter.attempts}`);
  if (filter.from !== undefined) add(sql`failed_at >= ${filter.from}`);
  if (filter.to !== undefined) add(sql`failed_at < ${filter.to}`);
  if (filter.expiring === 'true') {
    add(sql`NOT resolved AND failed_at < ${new Date(now.getTime() - RETENTION_MS + EXPIRY_WARNING_MS)}`);
  }
  const muted = mutedOf(filter);
  if (muted !== 'all') add(muted === 'true' ? MUTED : sql`NOT ${MUTED}`);
  return sql<boolean>`${sql.join(all, sql` AND `)}`;
}

/** The states that are meant; each has indexes of its own. */
export function statesOf({ resolved }: Pick<DeadLetterFilter, 'resolved'>): RawBuilder<boolean>[] {
  const unresolved = sql<boolean>`NOT resolved`;
  const done = sql<boolean>`resolved`;
  if (resolved === 'all') return [unresolved, done];
  return [resolved === 'true' ? done : unresolved];
}

/** What comes after a position: newest failure first, then by id. */
export function after({ failedAtUs, id }: Position): RawBuilder<boolean> {
  // The interval is multiplied as a float, which holds microseconds exactly below 2^53: until the year 2255.
  return sql<boolean>`(failed_at, id) < (timestamptz 'epoch' + ${failedAtUs}::bigint * interval '1 microsecond', ${id}::uuid)`;
}

/** What comes before a position. */
export function before({ failedAtUs, id }: Position): RawBuilder<boolean> {
  return sql<boolean>`(failed_at, id) > (timestamptz 'epoch' + ${failedAtUs}::bigint * interval '1 microsecond', ${id}::uuid)`;
}

/** What comes before a position, and the entry itself. */
export function upTo({ failedAtUs, id }: Position): RawBuilder<boolean> {
  return sql<boolean>`(failed_at, id) >= (timestamptz 'epoch' + ${failedAtUs}::bigint * interval '1 microsecond', ${id}::uuid)`;
}

/** Column of a row's position, in microseconds. */
export const FAILED_AT_US = sql<string>`(extract(epoch FROM failed_at) * 1000000)::bigint::text AS failed_at_us`;

/** A pattern for ILIKE in which nothing but the ends is a wildcard. */
function containing(text: string): string {
  return `%${text.replace(/[\\%_]/g, '\\$&')}%`;
}
