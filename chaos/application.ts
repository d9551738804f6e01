import { hostname } from 'node:os';
import type { Application } from '../src/main/application.ts';
import { startWorker } from '../src/ops/queues/worker.ts';
import { CHAOS_QUEUES, processor } from './queues.ts';

/** The queues of chaos on the product's roles; nothing runs by the clock. */
export const chaosApplication: Application = {
  queues: CHAOS_QUEUES,
  startWorkers: (services) => {
    const settings = services.config.worker;
    const deps = { ...services, workerName: workerName(hostname(), process.pid), settings };
    const workers = CHAOS_QUEUES.map((queue) => startWorker(queue, processor, deps));
    return {
      stop: async (graceMs) => {
        await Promise.all(workers.map((worker) => worker.stop(graceMs)));
      },
    };
  },
  tasks: () => [],
};

/** What the engine notes on a job as its worker: tells which process has it. */
export function workerName(host: string, pid: number): string {
  return `${host}-${pid}`;
}
