/** Groups as the API shows them: counts, the last day by the hour, and an entry to look at. */
import type { z } from 'zod';
import type {
  DeadLetterGroup,
  groupDetail,
  GroupListQuery,
  groupListResponse,
} from '../../../contract/dead-letter-groups.ts';
import type { DeadLetterGroupId } from '../../../contract/ids.ts';
import { decodeGroupCursor, encodeGroupCursor } from './group-cursor.ts';
import { findGroup, listGroups, readExtras, type GroupExtras, type GroupRow } from './groups-store.ts';
import { notesOf } from './notes.ts';
import { maskText } from '../queues/masking.ts';
import type { DeadLetterDeps } from './types.ts';
import { toMaskedSummary } from './view.ts';

const HOUR_MS = 3_600_000;
const HOURS = 24;

type Deps = Pick<DeadLetterDeps, 'db' | 'clock'>;

/** @throws HttpError bad_request naming `cursor` */
export async function readGroups(
  query: GroupListQuery,
  { db, clock }: Deps,
): Promise<z.infer<typeof groupListResponse>> {
  const { cursor, limit, sort } = query;
  const after = cursor === undefined ? null : decodeGroupCursor(sort, cursor);
  const { rows, total } = await listGroups(db, query, { after, limit: limit + 1 });
  const page = rows.slice(0, limit);
  const groups = await withExtras(db, page, clock.now());
  const last = rows.length > limit ? page.at(-1) : undefined;
  return {
    groups,
    total,
    next_cursor:
      last === undefined ? null : encodeGroupCursor(sort, { sortedBy: last.sorted_by, id: last.id }),
  };
}

/** @returns null when there is none */
export async function readGroup(
  id: DeadLetterGroupId,
  { db, clock }: Deps,
): Promise<z.infer<typeof groupDetail> | null> {
  const row = await findGroup(db, id);
  if (row === null) return null;
  const [[group], notes] = await Promise.all([
    withExtras(db, [row], clock.now()),
    notesOf(db, { type: 'dead_letter_group', id }),
  ]);
  if (group === undefined) return null;
  const { muted_at: mutedAt, muted_by, muted_reason } = row;
  return { ...group, muted_at: mutedAt?.toISOString() ?? null, muted_by, muted_reason, notes };
}

async function withExtras(db: Deps['db'], rows: GroupRow[], nowMs: number): Promise<DeadLetterGroup[]> {
  if (rows.length === 0) return [];
  const firstHourMs = Math.floor(nowMs / HOUR_MS) * HOUR_MS - (HOURS - 1) * HOUR_MS;
  const extras = await readExtras(
    db,
    rows.map(({ id }) => id),
    new Date(firstHourMs),
  );
  return rows.map((row) => toGroup(row, extras.get(row.id) ?? { hours: [], sample: null }, firstHourMs));
}

function toGroup(row: GroupRow, { hours, sample }: GroupExtras, firstHourMs: number): DeadLetterGroup {
  const hourly = Array.from({ length: HOURS }, () => 0);
  for (const { at, entries } of hours) {
    const index = Math.floor((at.getTime() - firstHourMs) / HOUR_MS);
    // What failed by another clock may lie in the future.
    if (index in hourly) hourly[index] = (hourly[index] ?? 0) + entries;
  }
  return {
    id: row.id,
    queues: [row.queue_name],
    job_name: row.job_name,
    error_class: row.error_class,
    // Of groups older than fingerprints it is the message itself.
    message: maskText(row.message),
    frames: row.frames,
    count: Number(row.entries),
    unresolved: Number(row.unresolved),
    retried: Number(row.retried),
    retries_succeeded: Number(row.succeeded),
    first_seen: row.first_seen.toISOString(),
    last_seen: row.last_seen.toISOString(),
    hourly,
    muted: row.muted_at !== null,
    sample: sample === null ? null : toMaskedSummary(sample),
  };
}
