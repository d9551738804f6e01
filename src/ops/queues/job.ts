/** What a job looks like in the engine: its payload as given, and beside it what FMHL knows of it. */
import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { correlationId, deadLetterId, type CorrelationId, type DeadLetterId } from '../../../contract/ids.ts';
import type { FieldProblem } from '../../../contract/errors.ts';
import type { EngineJob, JobsOptions } from '../../platform/engine/engine.ts';
import type { QueueDefinition } from './definition.ts';

/** Stored in the job's options under `fmhl`, so that the payload stays what the producer gave. */
export interface JobMeta {
  correlation_id: CorrelationId | null;
  /** The dead letter whose retry made this job. */
  retry_of: DeadLetterId | null;
}

/** A job as it is handed to the engine. */
export interface JobSpec {
  name: string;
  data: unknown;
  opts: JobsOptions & { jobId: string; fmhl: JobMeta };
}

export interface EnqueueOptions {
  /** The request that causes the job; null when no request does. */
  correlationId: CorrelationId | null;
  /** Earliest start, in milliseconds from now. Default: at once. */
  delayMs?: number;
  /** 1 (first) to 2,097,151 (last); without one a job goes before all that have one. */
  priority?: number;
  /** Makes the job unique in its queue while it is kept there. Default: a new UUID. No `:`, not all digits. */
  jobId?: string;
}

/** A payload that its queue's schema refuses; nothing was enqueued. `problems` name the fields. */
export class InvalidPayloadError extends Error {
  override name = 'InvalidPayloadError';
  readonly problems: FieldProblem[];
  constructor(queue: string, problems: FieldProblem[]) {
    super(`Queue ${queue} refuses the payload: ${problems.map((p) => `${p.field} ${p.message}`).join('; ')}`);
    this.problems = problems;
  }
}

/**
 * Builds a job of a queue.
 * @throws InvalidPayloadError
 */
export function buildJob<P extends z.ZodType>(
  definition: QueueDefinition<P>,
  payload: z.input<P>,
  options: EnqueueOptions,
): JobSpec {
  parsePayload(definition, payload);
  return {
    name: definition.jobName,
    data: payload,
    opts: {
      jobId: options.jobId ?? randomUUID(),
      ...(options.delayMs === undefined ? {} : { delay: options.delayMs }),
      ...(options.priority === undefined ? {} : { priority: options.priority }),
      ...standingOptions(definition),
      fmhl: { correlation_id: options.correlationId, retry_of: null },
    },
  };
}

/** The options that every job of a queue gets from its definition. */
export function standingOptions(
  definition: QueueDefinition,
): JobsOptions & Required<Pick<JobsOptions, 'removeOnComplete' | 'removeOnFail'>> {
  return {
    attempts: definition.attempts,
    backoff: { type: 'schedule' },
    removeOnComplete: { age: Math.ceil(definition.retention.completedForMs / 1000) },
    // Never otherwise: the dead-letter capture reads the failed set.
    removeOnFail: false,
  };
}

/**
 * The payload as the queue's schema sees it.
 * @throws InvalidPayloadError
 */
export function parsePayload<P extends z.ZodType>(
  definition: QueueDefinition<P>,
  payload: unknown,
): z.output<P> {
  const result = definition.payload.safeParse(payload);
  if (result.success) return result.data;
  throw new InvalidPayloadError(
    definition.name,
    result.error.issues.slice(0, MAX_PROBLEMS).flatMap(problemsOf).slice(0, MAX_PROBLEMS),
  );
}

/** Problems named, and characters of a field's name: the keys of a payload may be anything. */
const MAX_PROBLEMS = 10;
const MAX_FIELD = 100;

/** The message names what was expected; never the value, which may be personal. */
function problemsOf(issue: z.core.$ZodIssue): FieldProblem[] {
  const field = (...path: PropertyKey[]): string =>
    path.map(String).join('.').slice(0, MAX_FIELD) || 'payload';
  if (issue.code === 'unrecognized_keys') {
    const keys = issue.keys.slice(0, MAX_PROBLEMS);
    return keys.map((key) => ({ field: field(...issue.path, key), message: 'is not known' }));
  }
  return [{ field: field(...issue.path), message: issue.message }];
}

const NO_META: JobMeta = { correlation_id: null, retry_of: null };

/** What FMHL knows of a job. A job that something else put into the queue has none. */
export function metaOf(job: Pick<EngineJob, 'opts'>): JobMeta {
  const meta: unknown = 'fmhl' in job.opts ? job.opts.fmhl : null;
  if (typeof meta !== 'object' || meta === null) return NO_META;
  const { correlation_id, retry_of } = meta as Partial<Record<keyof JobMeta, unknown>>;
  return { correlation_id: idOf(correlationId, correlation_id), retry_of: idOf(deadLetterId, retry_of) };
}

/** One by one: a schema of both, with fallbacks, takes 1.0 µs instead of 0.4, and every job that runs or dies pays. */
function idOf<T extends z.ZodType>(schema: T, value: unknown): z.output<T> | null {
  if (typeof value !== 'string') return null;
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : null;
}
