/** The same no-op jobs, made and run by BullMQ alone and by FMHL with everything on that is on by default. */
import { randomUUID } from 'node:crypto';
import { Queue, Worker, type JobsOptions } from 'bullmq';
import { z } from 'zod';
import { correlationId, type CorrelationId } from '../../contract/ids.ts';
import { createMetrics } from '../../src/ops/metrics/registry.ts';
import { defineQueue } from '../../src/ops/queues/definition.ts';
import { standingOptions } from '../../src/ops/queues/job.ts';
import { createProducer } from '../../src/ops/queues/producer.ts';
import { DEFAULT_WORKER_SETTINGS, startWorker } from '../../src/ops/queues/worker.ts';
import { createRedisEngine } from '../../src/platform/engine/redis.ts';
import { createLogger } from '../../src/platform/logging/logger.ts';

export const CONCURRENCY = 50;

export const noop = defineQueue({
  name: 'noop',
  jobName: 'do_nothing',
  payload: z.strictObject({ lead_id: z.uuid() }),
  attempts: 3,
  backoffMs: [1_000, 5_000, 25_000],
  timeoutMs: 30_000,
  concurrency: CONCURRENCY,
});

export interface Side {
  enqueue: (payload: { lead_id: string }) => Promise<unknown>;
  /** Hands over many at once, in the form in which this side's jobs are stored. */
  fill: (payloads: { lead_id: string }[]) => Promise<void>;
  /** Runs jobs until closed, and says of each that it was run. */
  work: (ran: () => void) => void;
  close: () => Promise<void>;
}

export type SideName = 'bare' | 'fmhl';

export const openSide = (name: SideName, redisUrl: string, prefix: string): Promise<Side> | Side =>
  name === 'bare' ? bare(redisUrl, prefix) : fmhl(redisUrl, prefix);

/** BullMQ as its documentation shows it; its jobs have as many attempts as ours and are kept as long. */
function bare(redisUrl: string, prefix: string): Side {
  const connection = { url: redisUrl };
  const queue = new Queue(noop.name, { connection, prefix });
  const { attempts, removeOnComplete, removeOnFail } = standingOptions(noop);
  const opts: JobsOptions = {
    ...(attempts === undefined ? {} : { attempts }),
    backoff: { type: 'exponential', delay: 1_000 },
    removeOnComplete,
    removeOnFail,
  };
  let worker: Worker | undefined;
  return {
    enqueue: (payload) => queue.add(noop.jobName, payload, opts),
    fill: async (payloads) => {
      await queue.addBulk(payloads.map((data) => ({ name: noop.jobName, data, opts })));
    },
    work: (ran) => {
      const run = (): Promise<void> => {
        ran();
        return Promise.resolve();
      };
      worker = new Worker(noop.name, run, { connection, prefix, concurrency: CONCURRENCY });
    },
    close: async () => {
      await worker?.close();
      await queue.close();
    },
  };
}

async function fmhl(redisUrl: string, prefix: string): Promise<Side> {
  const logger = createLogger({ level: 'info', role: 'worker', version: 'bench' });
  const metrics = createMetrics({ role: 'worker', version: 'bench', queues: [noop.name], logger });
  const engine = await createRedisEngine({
    url: redisUrl,
    prefix,
    onError: (error) => process.emitWarning(error),
  });
  const producer = createProducer({ engine, metrics, logger });
  const cause: CorrelationId = correlationId.parse(randomUUID());
  let worker: ReturnType<typeof startWorker> | undefined;
  return {
    enqueue: (payload) => producer.enqueue(noop, payload, { correlationId: cause }),
    fill: (payloads) =>
      producer.deliver(
        noop.name,
        payloads.map((data) => ({
          name: noop.jobName,
          data,
          opts: {
            jobId: randomUUID(),
            ...standingOptions(noop),
            fmhl: { correlation_id: cause, retry_of: null },
          },
        })),
      ),
    work: (ran) => {
      const run = (): Promise<void> => {
        ran();
        return Promise.resolve();
      };
      const settings = DEFAULT_WORKER_SETTINGS;
      worker = startWorker(noop, run, { engine, metrics, logger, workerName: 'bench', settings });
    },
    close: async () => {
      await worker?.stop(5_000);
      await engine.close();
    },
  };
}
