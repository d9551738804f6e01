/** What a queue is: defined once in code, checked at start, overridable by configuration. */
import { z } from 'zod';
import { StartError } from '../../platform/lifecycle/errors.ts';

export interface QueueDefinition<P extends z.ZodType = z.ZodType> {
  /** Lower-case words joined by underscores: `email_send`. The label of its metrics. */
  name: string;
  /** The name of its jobs: `send_email`. */
  jobName: string;
  /** What a job carries. Checked before a job reaches the engine, and again before it is run. */
  payload: P;
  /**
   * Where the payload holds personal data or secrets: dotted paths, `*` for every element or key, such as
   * `to`, `data.confirm_url`, `recipients.*.email`. All below a path is meant too. Masked in lists and
   * exports of dead letters; who looks at them in full is written down. Default none.
   */
  personal: readonly string[];
  /** How often a job is tried before it is dead. At least 1. */
  attempts: number;
  /**
   * The pause before each next attempt, in milliseconds: after the first failure `backoffMs[0]`, after
   * the second `backoffMs[1]`, … At least as many as attempts (the last is then unused, as in the
   * epics' tables); a queue with one attempt needs none.
   */
  backoffMs: readonly number[];
  /** 0 (default) keeps the delays exact; 0.2 shortens each by a random share of up to 20 %. */
  jitter: number;
  /** Longest time of one attempt in milliseconds; then its AbortSignal fires and the attempt fails. */
  timeoutMs: number;
  /** Jobs that one worker process runs at once. */
  concurrency: number;
  /** At most `max` jobs started per `perMs` milliseconds, over all workers; null for no limit. */
  rateLimit: { max: number; perMs: number } | null;
  retention: {
    /**
     * How long a completed job stays in the engine, in milliseconds. At least two minutes: while it stays,
     * its id is taken, and a job that the outbox hands over twice is still one job. The second time can be
     * a minute later: so long does a relay that was stopped hold its rows.
     */
    completedForMs: number;
    /** Always `keep`: dead jobs leave the engine by capture into the dead-letter queue, never by age. */
    failed: 'keep';
  };
}

/** A definition with its payload type forgotten: what everything but enqueueing needs. */
export type AnyQueueDefinition = QueueDefinition;

const milliseconds = z.int('must be a whole number of milliseconds');
const day = 24 * 3_600_000;

const rules = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/, 'must be lower-case words joined by _')
      .max(100),
    jobName: z.string().min(1).max(100),
    payload: z.custom<z.ZodType>((value) => value instanceof z.ZodType, 'must be a zod schema'),
    personal: z
      .array(
        z.string().regex(/^[^.]+(\.[^.]+)*$/, 'must be a path such as to, data.confirm_url or list.*.email'),
      )
      .max(100),
    attempts: z.int('must be a whole number').min(1, 'must be at least 1').max(1_000),
    backoffMs: z.array(milliseconds.min(0).max(30 * day)).max(1_000),
    jitter: z.number().min(0, 'must be from 0 to 1').max(1, 'must be from 0 to 1'),
    timeoutMs: milliseconds.min(1, 'must be at least 1').max(day),
    concurrency: z.int('must be a whole number').min(1, 'must be at least 1').max(10_000),
    rateLimit: z
      .strictObject({
        max: z.int().min(1, 'must be at least 1'),
        perMs: milliseconds.min(1, 'must be at least 1'),
      })
      .nullable(),
    retention: z.strictObject({
      completedForMs: milliseconds
        .min(120_000, 'must be at least 120000: the outbox relies on it')
        .max(30 * day),
      failed: z.literal('keep', 'must be "keep": a dead job is captured, never deleted'),
    }),
  })
  .refine(({ attempts, backoffMs }) => attempts === 1 || backoffMs.length >= attempts, {
    path: ['backoffMs'],
    error: 'must have a delay for each attempt',
  });

type Defaulted = 'personal' | 'jitter' | 'rateLimit' | 'retention';

/**
 * Defines a queue. Defaults: no personal fields, no jitter, no rate limit, completed jobs stay for an hour.
 * @throws StartError naming the queue and the field when the definition can't work
 */
export function defineQueue<P extends z.ZodType>(
  definition: Omit<QueueDefinition<P>, Defaulted> & Partial<Pick<QueueDefinition<P>, Defaulted>>,
): QueueDefinition<P> {
  const complete: QueueDefinition<P> = {
    personal: [],
    jitter: 0,
    rateLimit: null,
    retention: { completedForMs: 3_600_000, failed: 'keep' },
    ...definition,
  };
  checkDefinition(complete);
  return Object.freeze(complete);
}

/** @throws StartError naming the queue and the field when the definition can't work */
export function checkDefinition(definition: AnyQueueDefinition): void {
  const result = rules.safeParse(definition);
  if (result.success) return;
  const problems = result.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`);
  throw new StartError(`Queue ${definition.name}: ${problems.join('; ')}`);
}
