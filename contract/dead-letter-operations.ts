/** Bulk operations: retry or discard many dead letters, with progress, a rate, a reason and a way to stop. */
import { z } from 'zod';
import { cursor, deadLetterFilter, reason } from './dead-letters.ts';
import { deadLetterId, deadLetterOperationId, timestamp, userId } from './ids.ts';
import { wholeNumber } from './query.ts';

const MOST_IDS = 10_000;

export const operationRequest = z
  .strictObject({
    action: z.enum(['retry', 'discard']),
    /** Like the query of a list; only unresolved entries are worked on. Give this or `ids`. */
    filter: z.record(z.string(), z.string()).optional(),
    ids: z
      .array(deadLetterId)
      .min(1)
      .max(MOST_IDS, `must be at most ${MOST_IDS}; use a filter for more`)
      .optional(),
    reason,
    /** Entries a second, at most; null (default) for as fast as it goes. */
    rate_per_second: z.int().min(1).max(10_000).nullable().default(null),
  })
  .refine(({ filter, ids }) => (filter === undefined) !== (ids === undefined), {
    path: ['filter'],
    error: 'give either filter or ids',
  });
export type OperationRequest = z.infer<typeof operationRequest>;
/** What `filter` must look like: checked apart, so that each field is named as `filter.<field>`. */
export const operationFilter = deadLetterFilter;

export const operationState = z.enum(['selecting', 'running', 'completed', 'cancelled']);
export const entryOutcome = z.enum([
  'retried',
  'discarded',
  'already_resolved',
  'gone',
  'queue_not_defined',
  'payload_refused',
]);
export type EntryOutcome = z.infer<typeof entryOutcome>;

export const operation = z.object({
  id: deadLetterOperationId,
  action: z.enum(['retry', 'discard']),
  /** As it was asked for: the filter, or the number of ids. */
  filter: z.record(z.string(), z.unknown()),
  reason: z.string(),
  rate_per_second: z.int().nullable(),
  /** `selecting` until all entries that are meant are known; `matched` grows meanwhile. */
  state: operationState,
  matched: z.int(),
  processed: z.int(),
  succeeded: z.int(),
  /** Processed without success: resolved by somebody else meanwhile, refused by the schema, … */
  skipped: z.int(),
  asked_at: timestamp,
  asked_by: userId,
  started_at: timestamp.nullable(),
  finished_at: timestamp.nullable(),
  cancelled_by: userId.nullable(),
});
export type Operation = z.infer<typeof operation>;

export const operationParams = z.object({ id: deadLetterOperationId });
export const operationListQuery = z.strictObject({
  limit: wholeNumber(1, 200).default(50),
  cursor: cursor.optional(),
});
export const operationListResponse = z.object({
  operations: z.array(operation),
  next_cursor: z.string().nullable(),
});
/** `GET …/operations/:id/entries`: what became of each entry, in the order of work. */
export const operationEntriesQuery = z.strictObject({
  outcome: entryOutcome.or(z.literal('pending')).optional(),
  limit: wholeNumber(1, 1_000).default(200),
  cursor: cursor.optional(),
});
export const operationEntriesResponse = z.object({
  entries: z.array(
    z.object({ position: z.int(), dead_letter_id: deadLetterId, outcome: entryOutcome.nullable() }),
  ),
  next_cursor: z.string().nullable(),
});
