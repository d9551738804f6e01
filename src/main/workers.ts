import { hostname } from 'node:os';
import { join } from 'node:path';
import { createDistributionProcessor } from '../marketplace/distribution/processor.ts';
import { leadDistribution } from '../marketplace/distribution/queue.ts';
import { createEmailProcessor } from '../marketplace/email/send.ts';
import { emailSend } from '../marketplace/email/queue.ts';
import { createMailTransport } from '../marketplace/email/transport.ts';
import { createExportProcessor } from '../marketplace/reports/generate.ts';
import { reportExport } from '../marketplace/reports/queue.ts';
import type { QueueDefinition } from '../ops/queues/definition.ts';
import { workerNameOf } from '../ops/queues/fleet.ts';
import { scheduledQueue, taskProcessor } from '../ops/queues/scheduled.ts';
import { startWorker, type Processor, type RunningWorker } from '../ops/queues/worker.ts';
import { StartError } from '../platform/lifecycle/errors.ts';
import type { z } from 'zod';
import { configured } from './queues.ts';
import { scheduledTasks } from './tasks.ts';
import type { Services } from './services.ts';

export interface Workers {
  stop: (graceMs: number) => Promise<void>;
}

/**
 * Starts the workers of all queues, or of those named.
 * @throws StartError when a name is no queue's
 */
export function startWorkers(services: Services, only: readonly string[] | null): Workers {
  const { queues, queueNames } = services;
  const unknown = only?.find((name) => !queueNames.includes(name));
  if (unknown !== undefined) {
    throw new StartError(`--queues names no queue ${unknown}. There are: ${queueNames.join(', ')}.`);
  }
  const mail = createMailTransport({
    smtpUrl: services.config.smtpUrl,
    directory: join(services.config.dataDir, 'mail'),
    maxConnections: configured(queues, emailSend).concurrency,
  });
  const deps = {
    ...services,
    workerName: workerNameOf({ host: hostname(), pid: process.pid }),
    settings: services.config.worker,
  };
  const start = <P extends z.ZodType>(definition: QueueDefinition<P>, processor: Processor<P>) =>
    only === null || only.includes(definition.name)
      ? [startWorker(configured(queues, definition), processor, deps)]
      : [];

  const { db, clock, metrics } = services;
  const emailQueue = configured(queues, emailSend);
  const workers: RunningWorker[] = [
    ...start(emailSend, createEmailProcessor({ transport: mail, db, clock, from: services.config.mailFrom })),
    ...start(leadDistribution, createDistributionProcessor({ db, clock, metrics, emailQueue })),
    ...start(reportExport, createExportProcessor({ db, clock })),
    ...start(scheduledQueue, taskProcessor(scheduledTasks(services))),
  ];
  return {
    stop: async (graceMs) => {
      await Promise.all(workers.map((worker) => worker.stop(graceMs)));
      await mail.close();
    },
  };
}
