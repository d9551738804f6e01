/** Runs the jobs of one queue in this process. */
import type { z } from 'zod';
import type { EngineWorker } from '../../platform/engine/engine.ts';
import { errorText } from '../../platform/lifecycle/errors.ts';
import type { Logger } from '../../platform/logging/logger.ts';
import { createAttempts } from './attempt.ts';
import type { QueueDefinition } from './definition.ts';
import { observeWorker } from './observe-worker.ts';
import type { Processor, WorkerDeps, WorkerSettings } from './types.ts';

export type { JobContext, Processor, WorkerDeps, WorkerSettings } from './types.ts';

export const DEFAULT_WORKER_SETTINGS: WorkerSettings = {
  lockMs: 15_000,
  stalledIntervalMs: 5_000,
  maxStalledCount: 2,
};

export interface RunningWorker {
  readonly queue: string;
  /**
   * Takes no more jobs, waits `graceMs` for the running ones, then aborts those that are left and puts
   * them back into the queue without counting the attempt. Takes 2 s longer than `graceMs` at most.
   */
  stop: (graceMs: number) => Promise<void>;
}

/** After the grace period, how long the aborted jobs have to go back to the queue. */
const RETURN_MS = 2_000;

export function startWorker<P extends z.ZodType>(
  definition: QueueDefinition<P>,
  processor: Processor<P>,
  deps: WorkerDeps,
): RunningWorker {
  const attempts = createAttempts(definition, processor, deps);
  const worker = deps.engine.worker(definition.name, attempts.run, {
    name: deps.workerName,
    concurrency: definition.concurrency,
    lockDuration: deps.settings.lockMs,
    stalledInterval: deps.settings.stalledIntervalMs,
    maxStalledCount: deps.settings.maxStalledCount,
    settings: { backoffStrategy: backoffOf(definition) },
    ...(definition.rateLimit === null
      ? {}
      : { limiter: { max: definition.rateLimit.max, duration: definition.rateLimit.perMs } }),
  });
  observeWorker(worker, definition.name, deps, attempts);
  run(worker, definition.name, deps.logger);
  const capacity = deps.metrics.gauge('fmhl_worker_concurrency', { queue: definition.name });
  capacity.set(definition.concurrency);
  return {
    queue: definition.name,
    stop: (graceMs) => {
      capacity.set(0);
      return stop(worker, attempts.abortAll, graceMs, deps, definition.name);
    },
  };
}

/**
 * A worker that can't even begin (its server went away in this moment) never would by itself. That error
 * is left unhandled on purpose: the process ends in order and with exit code 1, and is started anew.
 */
function run(worker: EngineWorker, queue: string, logger: Logger): void {
  logger.info('worker_started', { queue });
  worker.run().catch((error: unknown) => {
    if (worker.closing !== undefined) return;
    logger.error('engine_error', { queue, reason: errorText(error) }, error);
    throw error;
  });
}

async function stop(
  worker: EngineWorker,
  abortAll: (reason: string) => void,
  graceMs: number,
  { logger }: WorkerDeps,
  queue: string,
): Promise<void> {
  const closed = worker.close();
  let returned = await within(graceMs, closed);
  if (!returned) {
    abortAll('the process is stopping');
    returned = await within(RETURN_MS, closed);
  }
  // When even that fails (the engine hangs), the locks expire and another worker takes the jobs.
  logger[returned ? 'info' : 'warn']('worker_stopped', { queue, jobs_returned: returned });
}

async function within(ms: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  // An error while closing is told by the worker's error event.
  const done = (): true => true;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  const inTime = await Promise.race([work.then(done, done), late]);
  clearTimeout(timer);
  return inTime;
}

/** The queue's list of delays as BullMQ's strategy; `attemptsMade` is 1 after the first failure. */
function backoffOf(definition: QueueDefinition): (attemptsMade: number) => number {
  const { backoffMs, jitter } = definition;
  return (attemptsMade) => {
    const delay = backoffMs[Math.min(attemptsMade, backoffMs.length) - 1] ?? 0;
    return jitter === 0 ? delay : Math.round(delay * (1 - jitter * Math.random()));
  };
}
