import type { z } from 'zod';
import { returnToQueue, UnrecoverableError, type EngineJob } from '../../platform/engine/engine.ts';
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
  const running = new Map<string, AbortController>();

  /** The processor's result, or the abort's reason as soon as there is one. */
  const race = async (
    context: AttemptContext<z.output<P>>,
    controller: AbortController,
  ): Promise<unknown> => {
    const timer = setTimeout(() => {
      timedOut.inc();
      controller.abort(new AttemptTimeoutError(queue, timeoutMs));
    }, timeoutMs);
    const aborted = new Promise<never>((_, reject) => {
      controller.signal.addEventListener('abort', () => reject(asFailure(controller.signal.reason)), {
        once: true,
      });
    });
    // A processor that throws at once, without a promise, fails the attempt like any other.
    const work = (async () => processor(context))();
    try {
      return await Promise.race([work, aborted]);
    } finally {
      clearTimeout(timer);
      work.catch(() => undefined);
    }
  };

  const run = async (job: EngineJob, token?: string): Promise<unknown> => {
    // Whatever put the job here: a dead one must stay until it is captured.
    job.opts.removeOnFail = false;
    const started = performance.now();
    const id = job.id ?? '';
    const controller = new AbortController();
    running.set(id, controller);
    try {
      const payload = accepted(definition, job.data);
      return asResult(await race(new AttemptContext(job, payload, controller.signal, logger), controller));
    } catch (error) {
      if (error instanceof AttemptInterruptedError && token !== undefined)
        return await returnToQueue(job, token);
      throw asFailure(error);
    } finally {
      // A job that stalled may have been taken again by this very process: then the entry is the new attempt's.
      if (running.get(id) === controller) running.delete(id);
      duration.observe(performance.now() - started);
    }
  };

  return {
    run,
    abortAll: (reason) => {
      for (const controller of running.values()) controller.abort(new AttemptInterruptedError(reason));
    },
    abortLost: (jobIds) => {
      for (const id of jobIds) running.get(id)?.abort(new Error('The lock of the job was lost'));
    },
  };
}

class AttemptContext<T> implements JobContext<T> {
  readonly payload: T;
  readonly signal: AbortSignal;
  /** Fixed now: BullMQ counts the attempt in the job when it ends. */
  readonly attempt: number;
  readonly #job: EngineJob;
  readonly #logger: Logger;
  #meta: JobMeta | undefined;
  #bound: Logger | undefined;

  constructor(job: EngineJob, payload: T, signal: AbortSignal, logger: Logger) {
    this.#job = job;
    this.payload = payload;
    this.attempt = job.attemptsMade + 1;
    this.signal = signal;
    this.#logger = logger;
  }
  get id(): string {
    return this.#job.id ?? '';
  }
  get name(): string {
    return this.#job.name;
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
