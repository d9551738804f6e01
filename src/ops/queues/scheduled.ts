/** Operations that run by the clock: jobs of the queue `scheduled`, made by BullMQ's job schedulers. */
import { z } from 'zod';
import type { Engine } from '../../platform/engine/engine.ts';
import { defineQueue } from './definition.ts';
import { standingOptions } from './job.ts';
import type { JobContext } from './types.ts';

export const scheduledQueue = defineQueue({
  name: 'scheduled',
  jobName: 'run_task',
  payload: z.object({ task: z.string() }),
  attempts: 3,
  backoffMs: [10_000, 60_000, 300_000],
  timeoutMs: 10 * 60_000,
  concurrency: 2,
});

export interface ScheduledTask {
  /** Names the task and its scheduler: `dlq_cleanup`. */
  name: string;
  /** When it runs: a cron pattern in UTC. */
  cron: string;
  run: (job: JobContext<{ task: string }>) => Promise<void>;
}

/**
 * Registers the tasks' schedulers with the engine. Doing it again changes nothing, so every
 * housekeeping process may; a scheduler whose task no longer exists is removed.
 */
export async function scheduleTasks(engine: Engine, tasks: readonly ScheduledTask[]): Promise<void> {
  const queue = engine.queue(scheduledQueue.name);
  for (const { name, cron } of tasks) {
    await queue.upsertJobScheduler(
      name,
      { pattern: cron, tz: 'UTC' },
      { name: scheduledQueue.jobName, data: { task: name }, opts: standingOptions(scheduledQueue) },
    );
  }
  const known = new Set(tasks.map(({ name }) => name));
  for (const { key } of await queue.getJobSchedulers(0, 999)) {
    if (!known.has(key)) await queue.removeJobScheduler(key);
  }
}

/** The processor of the queue: runs the task that the job names. */
export function taskProcessor(tasks: readonly ScheduledTask[]) {
  const byName = new Map(tasks.map((task) => [task.name, task]));
  return async (job: JobContext<{ task: string }>): Promise<void> => {
    const task = byName.get(job.payload.task);
    if (task === undefined) throw new Error(`No scheduled task is named ${job.payload.task}`);
    await task.run(job);
  };
}
