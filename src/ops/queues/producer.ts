import type { z } from 'zod';
import type { Engine } from '../../platform/engine/engine.ts';
import { withDeadline } from '../../platform/lifecycle/deadline.ts';
import type { Logger } from '../../platform/logging/logger.ts';
import type { Metrics } from '../metrics/registry.ts';
import type { QueueDefinition } from './definition.ts';
import { buildJob, InvalidPayloadError, type EnqueueOptions, type JobSpec } from './job.ts';

/** The engine did not take a job in time. It may still arrive: enqueue again under the same `jobId`. */
const ENQUEUE_DEADLINE_MS = 5_000;

export interface Producer {
  /**
   * Puts a job into its queue, typed by the queue's schema. For a job that belongs to a database change
   * use the outbox's `enqueueIn` instead.
   * @returns the job's id
   * @throws InvalidPayloadError before anything reaches the engine
   * @throws DeadlineError or the engine's error when it can't be reached
   */
  enqueue: <P extends z.ZodType>(
    definition: QueueDefinition<P>,
    payload: z.input<P>,
    options: EnqueueOptions,
  ) => Promise<string>;
  /** Hands over jobs that were built before; a job whose id the queue has already is left as it is. */
  deliver: (queue: string, jobs: JobSpec[]) => Promise<void>;
}

export interface ProducerDeps {
  engine: Engine;
  metrics: Metrics;
  logger: Logger;
}

export function createProducer({ engine, metrics, logger }: ProducerDeps): Producer {
  // Bound once per queue: looking a label up costs more than counting.
  const enqueued = new Map<string, { inc: (by?: number) => void }>();
  const count = (queue: string, by: number): void => {
    let series = enqueued.get(queue);
    if (series === undefined) {
      series = metrics.counter('fmhl_jobs_enqueued_total', { queue });
      enqueued.set(queue, series);
    }
    series.inc(by);
  };

  const enqueue: Producer['enqueue'] = async (definition, payload, options) => {
    const queue = definition.name;
    let job: JobSpec;
    try {
      job = buildJob(definition, payload, options);
    } catch (error) {
      if (error instanceof InvalidPayloadError) {
        metrics.counter('fmhl_jobs_refused_total', { queue }).inc();
        logger
          .withCorrelation(options.correlationId)
          .warn('job_refused', { queue, fields: error.problems.map(({ field }) => field) });
      }
      throw error;
    }
    await withDeadline(
      'the queue engine',
      ENQUEUE_DEADLINE_MS,
      engine.queue(queue).add(job.name, job.data, job.opts),
    );
    count(queue, 1);
    if (logger.isEnabled('debug')) {
      logger.withCorrelation(options.correlationId).debug('job_enqueued', { queue, job_id: job.opts.jobId });
    }
    return job.opts.jobId;
  };

  const deliver: Producer['deliver'] = async (queue, jobs) => {
    await withDeadline('the queue engine', ENQUEUE_DEADLINE_MS * 2, engine.queue(queue).addBulk(jobs));
    count(queue, jobs.length);
  };

  return { enqueue, deliver };
}
