import type { AnyQueueDefinition } from '../ops/queues/definition.ts';
import type { ScheduledTask } from '../ops/queues/scheduled.ts';
import { FMHL_QUEUES } from './queues.ts';
import type { Services } from './services.ts';
import { scheduledTasks } from './tasks.ts';
import { startWorkers, type Workers } from './workers.ts';

/** What the roles run: the queues, who does their jobs, and what runs by the clock. */
export interface Application {
  /** Every queue, as defined; the configuration may change them. */
  queues: readonly AnyQueueDefinition[];
  /**
   * Starts the workers of all queues, or of those named.
   * @throws StartError when a name is no queue's
   */
  startWorkers: (services: Services, only: readonly string[] | null) => Workers;
  tasks: (services: Services) => ScheduledTask[];
}

export const fmhl: Application = { queues: FMHL_QUEUES, startWorkers, tasks: scheduledTasks };
