import type { z } from 'zod';
import { returnToQueue, UnrecoverableError, type EngineJob } from '../../platform/engine/engine.ts';
import type { Logger } from '../../platform/logging/logger.ts';
import type { QueueDefinition } from './definition.ts';
import { InvalidPayloadError, metaOf, parsePayload, type JobMeta } from './job.ts';
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
      controller.signal.addEventListener('abort', () => reject(toError(controller.signal.reason)), {
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
      const payload = parsePayload(definition, job.data);
      return await race(new AttemptContext(job, payload, controller.signal, logger), controller);
    } catch (error) {
      // The schema will not accept it next time either.
      if (error instanceof InvalidPayloadError) throw new UnrecoverableError(error.message);
      if (error instanceof AttemptInterruptedError && token !== undefined)
        return await returnToQueue(job, token);
      throw asFailure(error);
    } finally {
      running.delete(id);
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
  readonly #job: EngineJob;
  readonly #logger: Logger;
  #meta: JobMeta | undefined;
  #bound: Logger | undefined;

  constructor(job: EngineJob, payload: T, signal: AbortSignal, logger: Logger) {
    this.#job = job;
    this.payload = payload;
    this.signal = signal;
    this.#logger = logger;
  }
  get id(): string {
    return this.#job.id ?? '';
  }
  get name(): string {
    return this.#job.name;
  }
  get attempt(): number {
    return this.#job.attemptsMade + 1;
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

function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}

/** Errors that BullMQ takes as an order to leave the job where it is, which only the engine may give. */
const ENGINE_ORDERS = new Set(['DelayedError', 'WaitingError', 'WaitingChildrenError', 'RateLimitError']);
const RATE_LIMIT_MESSAGE = 'bullmq:rateLimitExceeded';

/** What BullMQ is given for whatever a processor threw: an Error that can't be mistaken for an order. */
function asFailure(thrown: unknown): Error {
  const error = toError(thrown);
  if (!ENGINE_ORDERS.has(error.name) && error.message !== RATE_LIMIT_MESSAGE) return error;
  const failure = new Error(`${error.name}: ${error.message}`, { cause: error });
  if (error.stack !== undefined) failure.stack = error.stack;
  return failure;
}
