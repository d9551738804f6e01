/** The dead-letter API: the five endpoints of Epic 12, and search, groups, lineage and notes beyond them. */
import { z } from 'zod';
import { fieldProblem } from './errors.ts';
import { deadLetterGroupId, deadLetterId, timestamp, userId } from './ids.ts';
import { pagination, periodEnd, periodStart, wholeNumber } from './query.ts';
import { LINE, NO_CONTROLS, TEXT } from './text.ts';

const line = (max: number) => z.string().min(1).max(max).regex(LINE, NO_CONTROLS);
/** Fewer than three characters are in nearly every text, and no index finds them. */
const fragment = z.string().min(3, 'must have at least 3 characters').max(200).regex(TEXT, NO_CONTROLS);
const choice = z.enum(['true', 'false', 'all']);

/** Which entries are meant: what lists, exports and bulk operations have in common. All conditions must hold. */
export const filterFields = {
  queue: line(100).optional(),
  /** The id of a group. */
  group: deadLetterGroupId.optional(),
  job_name: line(200).optional(),
  /** A part of the error message, in any case. */
  error: fragment.optional(),
  /** A part of the payload's JSON text, in any case. */
  payload: fragment.optional(),
  /** Dotted path into the payload, `data.lead_id` or `items.0.sku`, whose value must be `payload_value`. */
  payload_path: line(200).optional(),
  payload_value: z.string().max(500).regex(TEXT, NO_CONTROLS).optional(),
  correlation_id: z.uuid().optional(),
  attempts: wholeNumber(0, 2_147_483_647).optional(),
  /** When it failed: from this moment or day (UTC) … */
  from: periodStart.optional(),
  /** … to this moment, or to the end of this day. */
  to: periodEnd.optional(),
  resolved: choice.default('false'),
  /** Entries of muted groups. Default `false`; `all` where a group is named. */
  muted: choice.optional(),
  /** `true`: only unresolved entries that retention takes within 3 days. */
  expiring: z.enum(['true', 'false']).default('false'),
} as const;

const bothOrNeither = {
  path: ['payload_value'],
  error: 'goes with payload_path: give both or neither',
};
const pathHasValue = (filter: { payload_path?: unknown; payload_value?: unknown }): boolean =>
  (filter.payload_path === undefined) === (filter.payload_value === undefined);

export const deadLetterFilter = z.strictObject(filterFields).refine(pathHasValue, bothOrNeither);
export type DeadLetterFilter = z.infer<typeof deadLetterFilter>;

/** Where a page ends; opaque to clients. */
export const cursor = z.string().min(1).max(200);

export const deadLetterListQuery = z
  .strictObject({
    ...filterFields,
    page: wholeNumber(1, 1_000_000).default(1),
    limit: wholeNumber(1, 200).default(50),
    /** `next_cursor` of the page before: as fast at any depth, and stable while new entries arrive. */
    cursor: cursor.optional(),
  })
  .refine(pathHasValue, bothOrNeither)
  .refine(({ cursor: given, page }) => given === undefined || page === 1, {
    path: ['page'],
    error: 'does not go with cursor',
  });
export type DeadLetterListQuery = z.infer<typeof deadLetterListQuery>;

/** How an entry was resolved: `retried` made a new job, `discarded` was marked by an admin. */
export const resolution = z.enum(['retried', 'discarded']);
export type Resolution = z.infer<typeof resolution>;

export const deadLetterSummary = z.object({
  id: deadLetterId,
  queue_name: z.string(),
  job_id: z.string().nullable(),
  error_message: z.string().nullable(),
  attempts: z.int().nullable(),
  failed_at: timestamp,
  resolved: z.boolean(),
  // Beyond Epic 12.
  job_name: z.string(),
  group_id: deadLetterGroupId,
  correlation_id: z.uuid().nullable(),
  resolution: resolution.nullable(),
  /** 1 for a first death; 3 for a job that died, was retried, died, was retried and died. */
  deaths: z.int(),
});
export type DeadLetterSummary = z.infer<typeof deadLetterSummary>;

export const deadLetterListResponse = z.object({
  entries: z.array(deadLetterSummary),
  pagination,
  /** Where the next page begins; null on the last. */
  next_cursor: z.string().nullable(),
  /** True when `total` is only how far it was counted: with filters other than queue, group and state. */
  total_is_minimum: z.boolean(),
});
export type DeadLetterListResponse = z.infer<typeof deadLetterListResponse>;

export const note = z.object({
  id: z.string(),
  text: z.string(),
  written_by: userId,
  /** Null for a user that is no more. */
  written_by_email: z.string().nullable(),
  written_at: timestamp,
});
export type Note = z.infer<typeof note>;
export const noteRequest = z.strictObject({ text: z.string().trim().min(1).max(4_000).regex(TEXT) });

/** What became of the job that a retry made; null until it has ended. */
export const retryOutcome = z.enum(['succeeded', 'died', 'unknown']);
export type RetryOutcome = z.infer<typeof retryOutcome>;

/** One change of an edited retry: JSON Patch (RFC 6902) over `{ payload, options }`. */
export const patchOperation = z.object({
  op: z.enum(['add', 'remove', 'replace', 'move', 'copy', 'test']),
  path: z.string(),
  from: z.string().optional(),
  value: z.unknown().optional(),
});

/** An entry in the line of deaths of one job. */
export const relative = z.object({
  id: deadLetterId,
  failed_at: timestamp,
  error_message: z.string().nullable(),
  resolved: z.boolean(),
  deaths: z.int(),
});

export const deadLetterDetail = deadLetterSummary.extend({
  payload: z.unknown(),
  stack_trace: z.string().nullable(),
  job_options: z.record(z.string(), z.unknown()),
  captured_at: timestamp,
  resolved_at: timestamp.nullable(),
  resolved_by: userId.nullable(),
  resolved_by_email: z.string().nullable(),
  /** The job that a retry of this entry made. */
  retry_job_id: z.string().nullable(),
  /** The entry whose retry made the job that died here. */
  retry_of: deadLetterId.nullable(),
  /** When retention takes the entry. */
  expires_at: timestamp,
  /** Whether anything is masked in this answer: fields of the payload, or what messages quote. */
  masked: z.boolean(),
  /**
   * Dotted paths of the payload that hold personal data, as the queue's definition has them; null when the
   * queue is no longer defined, and all of it may be personal.
   */
  personal_fields: z.array(z.string()).nullable(),
  /**
   * Why the queue's schema would refuse this payload today; [] when it takes it, null when the queue is no
   * longer defined.
   */
  payload_problems: z.array(fieldProblem).nullable(),
  group: z.object({ id: deadLetterGroupId, message: z.string(), muted: z.boolean() }),
  retry: z
    .object({
      job_id: z.string(),
      made_at: timestamp,
      outcome: retryOutcome.nullable(),
      settled_at: timestamp.nullable(),
      /** What an edited retry changed; null for a plain one. */
      diff: z.array(patchOperation).nullable(),
    })
    .nullable(),
  /** Earlier deaths of the same job, the latest first. */
  ancestors: z.array(relative),
  /** Later deaths of the job that retries of this entry made, in order. */
  followers: z.array(relative),
  /** The latest 200, oldest first. */
  notes: z.array(note),
});
export type DeadLetterDetail = z.infer<typeof deadLetterDetail>;

export const deadLetterParams = z.object({ id: deadLetterId });
export const deadLetterDetailQuery = z.strictObject({
  /** `true` masks personal fields, and whatever quotes them, and writes no audit entry. */
  masked: z.enum(['true', 'false']).default('false'),
});

/** `GET …/dlq/:id/neighbours` with the filter of a list: where to go on from an entry, be it of that list or no more. */
export const neighboursResponse = z.object({
  /** What stands before it, which failed later; null for the first. */
  previous: deadLetterId.nullable(),
  next: deadLetterId.nullable(),
});
export type Neighbours = z.infer<typeof neighboursResponse>;

/** Why somebody did it; goes into the audit log. */
export const reason = z.string().trim().min(3).max(500).regex(TEXT);

/**
 * What a retry may change. The payload must fit the queue's schema; of the options, what is left out stays
 * as the dead job had it, and null takes it away.
 */
export const retryRequest = z
  .strictObject({
    /** Any JSON. Unknown here: it came as JSON, and a schema that followed it down could run out of stack. */
    payload: z.unknown().optional(),
    options: z
      .strictObject({
        /** 1 (first) to 2,097,151 (last). */
        priority: z.int().min(1).max(2_097_151).nullable().optional(),
        /** Earliest start, in milliseconds from now. */
        delay_ms: z
          .int()
          .min(0)
          .max(30 * 86_400_000)
          .nullable()
          .optional(),
        attempts: z.int().min(1).max(1_000).optional(),
      })
      .optional(),
    reason: reason.optional(),
  })
  .nullish();
export type RetryRequest = z.infer<typeof retryRequest>;

/** Epic 12 writes this message with a non-breaking hyphen (U+2011); clients may compare it, so it stays. */
export const RETRY_MESSAGE = 'Job re\u2011enqueued successfully' as const;
export const retryResponse = z.object({
  ok: z.literal(true),
  job_id: z.string(),
  message: z.literal(RETRY_MESSAGE),
});

export const resolveQuery = z.strictObject({ reason: reason.optional() });
export const resolveResponse = z.object({
  ok: z.literal(true),
  message: z.literal('DLQ entry marked as resolved'),
});

export const reopenRequest = z.strictObject({ reason: reason.optional() }).nullish();
export const reopenResponse = z.object({ ok: z.literal(true), message: z.literal('DLQ entry reopened') });

/** `GET …/dlq/export`: the filter of a list, every entry it matches, newest failure first. */
export const exportQuery = z
  .strictObject({ ...filterFields, format: z.enum(['ndjson', 'csv']).default('ndjson') })
  .refine(pathHasValue, bothOrNeither);
export type DeadLetterExportQuery = z.infer<typeof exportQuery>;
