/** The SQL of groups. What is counted comes from the kept tallies: no statement here counts entries. */
import { sql, type RawBuilder } from 'kysely';
import type { GroupListQuery } from '../../../contract/dead-letter-groups.ts';
import type { DeadLetterGroupId, UserId } from '../../../contract/ids.ts';
import type { Db, Tx } from '../../platform/postgres/db.ts';
import type { GroupPosition } from './group-cursor.ts';
import { SUMMARY, type SummaryRow } from './store.ts';

export interface GroupRow {
  id: DeadLetterGroupId;
  queue_name: string;
  job_name: string;
  error_class: string | null;
  message: string;
  frames: string[];
  first_seen: Date;
  last_seen: Date;
  muted_at: Date | null;
  muted_by: UserId | null;
  muted_reason: string | null;
  /** BIGINT sums: the driver reads them as text. */
  entries: string;
  unresolved: string;
  retried: string;
  succeeded: string;
  /** What the list is sorted by: unresolved entries, or microseconds since the epoch. */
  sorted_by: string;
}

const BY_COUNT = sql`coalesce(tally.unresolved, 0)::bigint`;
const BY_RECENCY = sql`(extract(epoch FROM last_seen) * 1000000)::bigint`;

/** Groups with their counts. */
function groups(where: {
  group: RawBuilder<unknown>;
  tally: RawBuilder<unknown>;
  sortedBy: RawBuilder<unknown>;
}): RawBuilder<unknown> {
  return sql`
    SELECT id, queue_name, job_name, error_class, message, frames, first_seen, last_seen,
           muted_at, muted_by, muted_reason,
           coalesce(tally.entries, 0) AS entries, coalesce(tally.unresolved, 0) AS unresolved,
           coalesce(tally.retried, 0) AS retried, coalesce(tally.succeeded, 0) AS succeeded,
           ${where.sortedBy} AS sorted_by
      FROM dead_letter_groups
      LEFT JOIN (
        SELECT group_id, sum(entries) AS entries, sum(unresolved) AS unresolved, sum(retried) AS retried,
               sum(succeeded) AS succeeded
          FROM dead_letter_tallies_now WHERE scope = 'group' AND ${where.tally}
         GROUP BY group_id) AS tally ON tally.group_id = id
     WHERE ${where.group}`;
}

/**
 * A page of groups, the greatest first, and how many there are in all.
 * @param limit one more than the page has, to see whether another follows
 */
export async function listGroups(
  db: Db,
  query: GroupListQuery,
  { after, limit }: { after: GroupPosition | null; limit: number },
): Promise<{ rows: GroupRow[]; total: number }> {
  const { queue, muted, resolved, sort } = query;
  const conditions = [
    queue === undefined ? null : sql`queue_name = ${queue}`,
    muted === 'all' ? null : muted === 'true' ? sql`muted_at IS NOT NULL` : sql`muted_at IS NULL`,
    resolved === 'all' ? null : sql`tally.unresolved > 0`,
  ].filter((condition) => condition !== null);
  const matching = groups({
    group: conditions.length === 0 ? sql`TRUE` : sql.join(conditions, sql` AND `),
    tally: queue === undefined ? sql`TRUE` : sql`queue_name = ${queue}`,
    sortedBy: sort === 'count' ? BY_COUNT : BY_RECENCY,
  });
  const from =
    after === null ? sql`TRUE` : sql`(sorted_by, id) < (${after.sortedBy}::bigint, ${after.id}::uuid)`;
  const { rows } = await sql<{ total: string } & (GroupRow | { id: null })>`
    WITH matching AS MATERIALIZED (${matching})
    SELECT counted.total, page.*
      FROM (SELECT count(*) AS total FROM matching) AS counted
      LEFT JOIN (SELECT * FROM matching WHERE ${from} ORDER BY sorted_by DESC, id DESC LIMIT ${limit}) AS page
        ON TRUE
     ORDER BY page.sorted_by DESC, page.id DESC`.execute(db);
  return {
    rows: rows.filter((row) => row.id !== null),
    total: Number(rows[0]?.total ?? 0),
  };
}

export async function findGroup(db: Db, id: DeadLetterGroupId): Promise<GroupRow | null> {
  const { rows } = await sql<GroupRow>`${groups({
    group: sql`id = ${id}`,
    tally: sql`group_id = ${id}`,
    sortedBy: sql`0`,
  })}`.execute(db);
  return rows[0] ?? null;
}

export interface GroupExtras {
  /** Entries by the start of the hour of their failure. */
  hours: { at: Date; entries: number }[];
  /** The newest entry, an unresolved one if there is one. */
  sample: SummaryRow | null;
}

/** What the groups of a page have beside their row. Two probes of an index for each sample. */
export async function readExtras(
  db: Db,
  ids: readonly DeadLetterGroupId[],
  since: Date,
): Promise<Map<DeadLetterGroupId, GroupExtras>> {
  const newest = (state: RawBuilder<unknown>): RawBuilder<unknown> => sql`
    (SELECT ${SUMMARY} FROM dead_letter_queue
      WHERE group_id = asked.of_group AND ${state} ORDER BY failed_at DESC, id DESC LIMIT 1)`;
  const { rows } = await sql<
    { of_group: DeadLetterGroupId; hours: [ms: number, entries: number][] | null } & (
      | SummaryRow
      | { id: null }
    )
  >`
    SELECT asked.of_group, hourly.hours, sample.*
      FROM unnest(${ids}::uuid[]) AS asked (of_group)
      LEFT JOIN (
        SELECT group_id, jsonb_agg(jsonb_build_array(extract(epoch FROM at) * 1000, entries)) AS hours
          FROM (SELECT group_id, at, sum(entries) AS entries FROM dead_letter_tallies_now
                 WHERE scope = 'group_hour' AND group_id = ANY (${ids}::uuid[]) AND at >= ${since}
                 GROUP BY group_id, at) AS hour
         GROUP BY group_id) AS hourly ON hourly.group_id = asked.of_group
      LEFT JOIN LATERAL (
        SELECT * FROM (${newest(sql`NOT resolved`)} UNION ALL ${newest(sql`resolved`)}) AS entry
         ORDER BY resolved LIMIT 1) AS sample ON TRUE`.execute(db);
  return new Map(
    rows.map(({ of_group: ofGroup, hours, ...sample }) => [
      ofGroup,
      {
        hours: (hours ?? []).map(([ms, entries]) => ({ at: new Date(ms), entries })),
        sample: sample.id === null ? null : sample,
      },
    ]),
  );
}

/** What an entry says of its group. */
export async function findGroupOf(
  db: Db,
  id: DeadLetterGroupId,
): Promise<{ id: DeadLetterGroupId; message: string; muted: boolean } | null> {
  const { rows } = await sql<{ id: DeadLetterGroupId; message: string; muted: boolean }>`
    SELECT id, message, muted_at IS NOT NULL AS muted FROM dead_letter_groups WHERE id = ${id}`.execute(db);
  return rows[0] ?? null;
}

/** Locks a group until the transaction ends. @returns since when it is muted; undefined when there is none */
export async function lockGroup(
  tx: Tx,
  id: DeadLetterGroupId,
): Promise<{ mutedAt: Date | null } | undefined> {
  const { rows } = await sql<{ mutedAt: Date | null }>`
    SELECT muted_at AS "mutedAt" FROM dead_letter_groups WHERE id = ${id} FOR UPDATE`.execute(tx);
  return rows[0];
}

export async function setMuted(
  tx: Tx,
  id: DeadLetterGroupId,
  muted: { at: Date; by: UserId; reason: string } | null,
): Promise<void> {
  await sql`
    UPDATE dead_letter_groups
       SET muted_at = ${muted?.at ?? null}, muted_by = ${muted?.by ?? null}, muted_reason = ${muted?.reason ?? null}
     WHERE id = ${id}`.execute(tx);
}
