/** The names of FMHL's queues, and what the API says about queues and lets admins do to them. */
import { z } from 'zod';
import { reason } from './dead-letters.ts';
import { timestamp, userId } from './ids.ts';
import { liveProcess } from './processes.ts';
import { pagination, wholeNumber } from './query.ts';

/** Labels of metrics, table columns and URLs all use these. */
export const QUEUE_NAMES = ['email_send', 'lead_distribution', 'report_export', 'scheduled'] as const;

const count = z.int().nonnegative();

/** `GET /api/v1/admin/queues` (Epic 12). Sizes are numbers of jobs. */
export const queueOverview = z.object({
  name: z.string(),
  /** Jobs that are ready to run and wait for a worker; not those delayed or running. */
  depth: count,
  active: count,
  /** Dead letters whose final failure lies within the last 60 minutes (to the minute), resolved or not. */
  failed_last_hour: count,
  /** Unresolved dead letters, but for those of muted groups. */
  dlq_size: count,
  /** Unresolved dead letters of muted groups. */
  dlq_muted_size: count,
});
export const queuesResponse = z.object({ queues: z.array(queueOverview) });

/** What the engine knows of a queue at this moment. */
export const queueState = z.object({
  depth: count,
  active: count,
  /** Jobs that wait for their time: delayed, or backing off after a failed attempt. */
  delayed: count,
  paused: z.boolean(),
  /** Age of the job that is next in line, from when it became ready; 0 when none waits. */
  oldest_waiting_seconds: z.number().nonnegative(),
});

/** `GET /api/v1/admin/overview`: every queue, in the order of `/queues`. */
export const overviewResponse = z.object({
  queues: z.array(
    queueOverview.extend({
      ...queueState.shape,
      /** False for a queue that is defined no more and still has dead letters: it has no page of its own. */
      defined: z.boolean(),
      /** Processes that are alive and serve the queue; null while nobody can say. */
      workers: count.nullable(),
    }),
  ),
});
export type OverviewResponse = z.infer<typeof overviewResponse>;

export const queueParams = z.object({ name: z.string().min(1).max(100) });

/** How the queue is defined, with what the configuration changes. Durations are in milliseconds. */
export const queueDefinition = z.object({
  /** The name of its jobs. */
  job_name: z.string(),
  /** How often a job is tried before it is dead. */
  attempts: z.int(),
  /** The pause after the first failed attempt, after the second, … */
  backoff_ms: z.array(z.int()),
  /** The share by which a pause may be shortened at random: 0 to 1. */
  jitter: z.number(),
  /** Longest time of one attempt. */
  timeout_ms: z.int(),
  /** Jobs that one worker process runs at once. */
  concurrency: z.int(),
  /** At most `max` jobs started per `per_ms`, over all workers; null for no limit. */
  rate_limit: z.object({ max: z.int(), per_ms: z.int() }).nullable(),
  /** How long a completed job stays in the engine. Dead ones stay until they are captured. */
  completed_for_ms: z.int(),
  /** Dotted paths into the payload that hold personal data. */
  personal_fields: z.array(z.string()),
});

/** A pause that somebody ordered. */
export const queuePause = z.object({
  /** All four null when the queue was paused by other means than this API. */
  paused_by: userId.nullable(),
  paused_by_email: z.string().nullable(),
  paused_at: timestamp.nullable(),
  reason: z.string().nullable(),
  /** When the queue resumes by itself; null when it waits for somebody. */
  resumes_at: timestamp.nullable(),
});
export type QueuePause = z.infer<typeof queuePause>;

/** A job that runs now, as far as the engine knows. */
export const runningJob = z.object({
  id: z.string(),
  name: z.string(),
  /** When this attempt began. */
  since: timestamp.nullable(),
});

/** `GET /api/v1/admin/queues/:name`. */
export const queueDetail = z.object({
  name: z.string(),
  state: queueState,
  definition: queueDefinition,
  /** Null while the queue is not paused. */
  pause: queuePause.nullable(),
  /** Processes that serve the queue, or did until a moment ago. */
  workers: z.array(
    liveProcess.extend({
      /** Jobs of this queue that the process runs at once at most. */
      concurrency: z.int(),
      active: z.array(runningJob),
    }),
  ),
  /** Running jobs whose worker is not among `workers`: it died, and another will take them. */
  orphaned: z.array(runningJob),
  /** Why `workers` may be incomplete; null when all was read. At most 1000 running jobs are looked at. */
  problem: z.string().nullable(),
});
export type QueueDetail = z.infer<typeof queueDetail>;

export const queueJobState = z.enum(['waiting', 'active', 'delayed', 'failed']);
export type QueueJobState = z.infer<typeof queueJobState>;

export const queueJobsQuery = z.strictObject({
  state: queueJobState.default('waiting'),
  page: wholeNumber(1, 1_000_000).default(1),
  limit: wholeNumber(1, 100).default(50),
});
export type QueueJobsQuery = z.infer<typeof queueJobsQuery>;

/** A job in the engine. Personal fields of its payload are masked, and what quotes them. */
export const queueJob = z.object({
  id: z.string(),
  name: z.string(),
  state: queueJobState,
  /** When it was handed to the engine; null when the engine has lost it. */
  created_at: timestamp.nullable(),
  /** When a delayed job becomes ready; null for others. */
  runs_at: timestamp.nullable(),
  /** When the present or the latest attempt began. */
  started_at: timestamp.nullable(),
  /** When a dead job failed for the last time. */
  failed_at: timestamp.nullable(),
  attempts_made: count,
  priority: count,
  correlation_id: z.uuid().nullable(),
  /** Null when it was left out. */
  payload: z.unknown(),
  /** The payload is larger than 64 kB, and was not read. */
  payload_omitted: z.boolean(),
  /** Of the latest failed attempt. */
  error_message: z.string().nullable(),
});
export type QueueJob = z.infer<typeof queueJob>;

/**
 * `GET /api/v1/admin/queues/:name/jobs`. Waiting jobs: next in line first, those without a priority before all that
 * have one. Delayed: the next to run first. Active: the latest taken first. Failed: the latest first; dead jobs are
 * here only until they are captured, a few seconds later. Jobs move while one turns pages.
 */
export const queueJobsResponse = z.object({ jobs: z.array(queueJob), pagination });
export type QueueJobsResponse = z.infer<typeof queueJobsResponse>;

/** `POST /api/v1/admin/queues/:name/pause`: workers take no more jobs; those that run are finished. */
export const pauseRequest = z.strictObject({
  reason,
  /** The queue resumes by itself after this time; left out, it waits for somebody. */
  resume_after_seconds: z.int().min(60).max(604_800).optional(),
});
/** `POST /api/v1/admin/queues/:name/resume`. */
export const resumeRequest = z.strictObject({ reason });
/**
 * A pause of a paused queue takes the place of the one before, with its reason and end; the same reason again,
 * without an end, changes nothing. Nor does a resume of a queue that is not paused. `pause` is null after a resume.
 */
export const pauseResponse = z.object({ ok: z.literal(true), pause: queuePause.nullable() });
