import { errorText } from '../../platform/lifecycle/errors.ts';
import { throttle } from '../../platform/logging/throttle.ts';
import type { EngineWorker } from '../../platform/engine/engine.ts';
import type { Attempts } from './attempt.ts';
import { metaOf } from './job.ts';
import type { WorkerDeps } from './types.ts';

/** Counts and logs what becomes of a worker's jobs: one listener per event, series bound once. */
export function observeWorker(
  worker: EngineWorker,
  queue: string,
  { metrics, logger }: WorkerDeps,
  attempts: Attempts,
): void {
  const completed = metrics.counter('fmhl_jobs_completed_total', { queue });
  const failed = metrics.counter('fmhl_jobs_failed_total', { queue });
  const attemptsFailed = metrics.counter('fmhl_job_attempts_failed_total', { queue });

  worker.on('completed', (job) => {
    completed.inc();
    if (logger.isEnabled('debug')) {
      logger.withCorrelation(metaOf(job).correlation_id).debug('job_completed', { queue, job_id: job.id });
    }
  });
  worker.on('failed', (job, error) => {
    if (job === undefined) return;
    // BullMQ reports every failed attempt here; the time of finishing is set only when none is left.
    const dead = job.finishedOn !== undefined;
    (dead ? failed : attemptsFailed).inc();
    const line = { queue, job_id: job.id, attempts: job.attemptsMade, of: job.opts.attempts ?? 1 };
    const bound = logger.withCorrelation(metaOf(job).correlation_id);
    if (dead) bound.error('job_failed', line, error);
    else bound.warn('job_attempt_failed', { ...line, reason: errorText(error) });
  });
  worker.on('stalled', (jobId) => logger.warn('job_stalled', { queue, job_id: jobId }));
  worker.on('lockRenewalFailed', (jobIds) => attempts.abortLost(jobIds));
  // While its server is away a worker says so at every try.
  const isNews = throttle(5_000);
  worker.on('error', (error) => {
    const reason = errorText(error);
    if (isNews(reason)) logger.error('engine_error', { queue, reason });
  });
}
