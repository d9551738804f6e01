/** Groups: dead letters that died of the same thing. */
import { z } from 'zod';
import { cursor, deadLetterSummary, note, reason } from './dead-letters.ts';
import { deadLetterGroupId, timestamp, userId } from './ids.ts';
import { wholeNumber } from './query.ts';
import { LINE, NO_CONTROLS } from './text.ts';

export const groupListQuery = z.strictObject({
  queue: z.string().min(1).max(100).regex(LINE, NO_CONTROLS).optional(),
  /** `count`: most unresolved entries first; `recent`: the latest failure first. */
  sort: z.enum(['count', 'recent']).default('count'),
  /** Default: groups that are not muted. */
  muted: z.enum(['true', 'false', 'all']).default('false'),
  /** Default: groups with unresolved entries alone. */
  resolved: z.enum(['false', 'all']).default('false'),
  limit: wholeNumber(1, 200).default(50),
  cursor: cursor.optional(),
});
export type GroupListQuery = z.infer<typeof groupListQuery>;

export const deadLetterGroup = z.object({
  id: deadLetterGroupId,
  /** A group belongs to one queue; the list is for those who look at several groups at once. */
  queues: z.array(z.string()),
  job_name: z.string(),
  error_class: z.string().nullable(),
  /** The error message with ids, numbers, addresses, hosts and quoted values masked. */
  message: z.string(),
  /** The top frames of our own code, innermost first. */
  frames: z.array(z.string()),
  /** All entries that retention has not taken yet. */
  count: z.int().nonnegative(),
  unresolved: z.int().nonnegative(),
  retried: z.int().nonnegative(),
  /** How many retried jobs completed. */
  retries_succeeded: z.int().nonnegative(),
  first_seen: timestamp,
  last_seen: timestamp,
  /** Entries by the hour of their failure, the last 24 hours, oldest first; the last is the hour that runs. */
  hourly: z.array(z.int().nonnegative()).length(24),
  muted: z.boolean(),
  /** The newest entry, unresolved if there is one; null when retention has taken them all. */
  sample: deadLetterSummary.nullable(),
});
export type DeadLetterGroup = z.infer<typeof deadLetterGroup>;

export const groupListResponse = z.object({
  groups: z.array(deadLetterGroup),
  /** How many groups the filter matches. */
  total: z.int().nonnegative(),
  next_cursor: z.string().nullable(),
});

export const groupParams = z.object({ id: deadLetterGroupId });
export const groupDetail = deadLetterGroup.extend({
  muted_at: timestamp.nullable(),
  muted_by: userId.nullable(),
  muted_reason: z.string().nullable(),
  /** The latest 200, oldest first. */
  notes: z.array(note),
});
export const muteRequest = z.strictObject({ reason });
export const muteResponse = z.object({ ok: z.literal(true), muted: z.boolean() });
