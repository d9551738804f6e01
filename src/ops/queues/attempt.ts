import type { z } from 'zod';
import { returnToQueue, UnrecoverableError, type EngineJob } from '../../platform/engine/engine.ts';
import { createExpiry } from '../../platform/lifecycle/expiry.ts';
import type { Logger } from '../../platform/logging/logger.ts';
import type { QueueDefinition } from './definition.ts';
import { InvalidPayloadError, metaOf, parsePayload, type JobMeta } from './job.ts';
import { asFailure, asResult } from './outcome.ts';
import type { JobContext, Processor, WorkerDeps } from './types.ts';

export interface Attempts {
  /** Runs one attempt; given to the engine as its processor. */
  run: (job: EngineJob, token?: string) => Promise<unknown>;
  /** Aborts all running attempts; their jobs go back to the queue. */
  abortAll: (reason: string) => void;
  /** Aborts the attempts of jobs that the engine has given to another worker. */
  abortLost: (jobIds: string[]) => void;
}

/** An attempt that took longer than its queue allows. */
export class AttemptTimeoutError extends Error {
  override name = 'AttemptTimeoutError';
  constructor(queue: string, timeoutMs: number) {
    super(`The attempt was aborted after ${timeoutMs} ms, the timeout of queue ${queue}`);
  }
}

class AttemptInterruptedError extends Error {
  override name = 'AttemptInterruptedError';
}

export function createAttempts<P extends z.ZodType>(
  definition: QueueDefinition<P>,
  processor: Processor<P>,
  { metrics, logger }: WorkerDeps,
): Attempts {
  const { name: queue, timeoutMs } = definition;
  const duration = metrics.histogram('fmhl_job_duration_ms', { queue });
  const timedOut = metrics.counter('fmhl_job_attempts_timed_out_total', { queue });
  // By the attempt and not by the job: one that stalled may have been taken again by this very process.
  const running = createExpiry<Attempt<z.output<P>>>(timeoutMs, (attempt) => {
    timedOut.inc();
    attempt.abort(new AttemptTimeoutError(queue, timeoutMs));
  });

  return {
    run: async (job, token) => {
      // Whatever put the job here: a dead one must stay until it is captured.
      job.opts.removeOnFail = false;
      const startedMs = performance.now();
      let attempt: Attempt<z.output<P>> | undefined;
      try {
        attempt = new Attempt(job, accepted(definition, job.data), startedMs, logger);
        running.add(attempt);
        return asResult(await attempt.run(processor));
      } catch (error) {
        if (error instanceof AttemptInterruptedError && token !== undefined)
          return await returnToQueue(job, token);
        throw asFailure(error);
      } finally {
        if (attempt !== undefined) running.delete(attempt);
        duration.observe(performance.now() - startedMs);
      }
    },
    abortAll: (reason) => {
      for (const attempt of running.items()) attempt.abort(new AttemptInterruptedError(reason));
    },
    abortLost: (jobIds) => {
      for (const attempt of running.items()) {
        if (jobIds.includes(attempt.id)) attempt.abort(new Error('The lock of the job was lost'));
      }
    },
  };
}

/**
 * What not every processor asks for is made when it is asked for: most jobs are short, and this is the path of
 * all of them (`npm run bench:overhead`).
 */
class Attempt<T> implements JobContext<T> {
  readonly payload: T;
  /** Fixed now: BullMQ counts the attempt in the job when it ends. */
  readonly attempt: number;
  readonly startedMs: number;
  place = -1;
  readonly #job: EngineJob;
  readonly #logger: Logger;
  #meta: JobMeta | undefined;
  #bound: Logger | undefined;
  #controller: AbortController | undefined;
  #aborted: Error | undefined;
  #fail: ((reason: Error) => void) | undefined;

  constructor(job: EngineJob, payload: T, startedMs: number, logger: Logger) {
    this.#job = job;
    this.payload = payload;
    this.attempt = job.attemptsMade + 1;
    this.startedMs = startedMs;
    this.#logger = logger;
  }
  /** The processor's result, or the abort's reason as soon as there is one. */
  run(processor: (context: JobContext<T>) => Promise<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#fail = reject;
      // A processor that throws at once, without a promise, fails the attempt like any other.
      Promise.resolve(processor(this)).then(resolve, reject);
    });
  }
  abort(reason: Error): void {
    this.#aborted ??= reason;
    this.#controller?.abort(reason);
    this.#fail?.(reason);
  }
  get id(): string {
    return this.#job.id ?? '';
  }
  get name(): string {
    return this.#job.name;
  }
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted !== undefined) this.#controller.abort(this.#aborted);
    }
    return this.#controller.signal;
  }
  get attemptsLeft(): number {
    return Math.max((this.#job.opts.attempts ?? 1) - this.attempt, 0);
  }
  get correlationId(): JobMeta['correlation_id'] {
    return (this.#meta ??= metaOf(this.#job)).correlation_id;
  }
  get retryOf(): JobMeta['retry_of'] {
    return (this.#meta ??= metaOf(this.#job)).retry_of;
  }
  get logger(): Logger {
    // Bound only when asked for: most jobs log nothing.
    return (this.#bound ??= this.#logger.withCorrelation(this.correlationId));
  }
}

/**
 * The payload as the queue's schema sees it.
 * @throws UnrecoverableError when the schema refuses it: it will not accept it next time either
 */
function accepted<P extends z.ZodType>(definition: QueueDefinition<P>, payload: unknown): z.output<P> {
  try {
    return parsePayload(definition, payload);
  } catch (error) {
    throw error instanceof InvalidPayloadError ? new UnrecoverableError(error.message) : error;
  }
}
