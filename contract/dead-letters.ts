/** The dead-letter API of Epic 12: requests and responses. */
import { z } from 'zod';
import { deadLetterId, timestamp, userId } from './ids.ts';
import { pagination, wholeNumber } from './query.ts';
import { LINE, NO_CONTROLS } from './text.ts';

export const deadLetterListQuery = z.strictObject({
  page: wholeNumber(1, 1_000_000).default(1),
  limit: wholeNumber(1, 200).default(50),
  queue: z.string().min(1).max(100).regex(LINE, NO_CONTROLS).optional(),
  resolved: z.enum(['true', 'false', 'all']).default('false'),
});
export type DeadLetterListQuery = z.infer<typeof deadLetterListQuery>;

export const deadLetterSummary = z.object({
  id: deadLetterId,
  queue_name: z.string(),
  job_id: z.string().nullable(),
  error_message: z.string().nullable(),
  attempts: z.int().nullable(),
  failed_at: timestamp,
  resolved: z.boolean(),
});
export type DeadLetterSummary = z.infer<typeof deadLetterSummary>;

export const deadLetterListResponse = z.object({
  entries: z.array(deadLetterSummary),
  pagination,
});
export type DeadLetterListResponse = z.infer<typeof deadLetterListResponse>;

/** How an entry was resolved: `retried` made a new job, `discarded` was marked by an admin. */
export const resolution = z.enum(['retried', 'discarded']);
export type Resolution = z.infer<typeof resolution>;

export const deadLetterDetail = z.object({
  id: deadLetterId,
  queue_name: z.string(),
  job_id: z.string().nullable(),
  payload: z.unknown(),
  error_message: z.string().nullable(),
  stack_trace: z.string().nullable(),
  attempts: z.int().nullable(),
  failed_at: timestamp,
  resolved: z.boolean(),
  job_name: z.string(),
  job_options: z.record(z.string(), z.unknown()),
  correlation_id: z.uuid().nullable(),
  captured_at: timestamp,
  resolved_at: timestamp.nullable(),
  resolved_by: userId.nullable(),
  resolution: resolution.nullable(),
  /** The job that a retry of this entry made. */
  retry_job_id: z.string().nullable(),
  /** The entry whose retry made the job that died here. */
  retry_of: deadLetterId.nullable(),
});
export type DeadLetterDetail = z.infer<typeof deadLetterDetail>;

export const deadLetterParams = z.object({ id: deadLetterId });

/** Epic 12 writes this message with a non-breaking hyphen (U+2011); clients may compare it, so it stays. */
export const RETRY_MESSAGE = 'Job re\u2011enqueued successfully' as const;
export const retryResponse = z.object({
  ok: z.literal(true),
  job_id: z.string(),
  message: z.literal(RETRY_MESSAGE),
});

export const resolveResponse = z.object({
  ok: z.literal(true),
  message: z.literal('DLQ entry marked as resolved'),
});
