/** Operations that run by the clock: jobs of the queue `scheduled`, made by BullMQ's job schedulers. */
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { Engine, EngineQueue, JobsOptions } from '../../platform/engine/engine.ts';
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

const TIME_ZONE = 'UTC';

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
  for (const task of tasks) await schedule(queue, task);
  const known = new Set(tasks.map(({ name }) => name));
  for (const { key } of await queue.getJobSchedulers(0, 999)) {
    if (!known.has(key)) await queue.removeJobScheduler(key);
  }
}

/**
 * BullMQ replaces the next run of a scheduler that is registered again, also one that is due and waits
 * for a worker: the run of that time would be lost. So only what is new or other than before is registered.
 */
async function schedule(queue: EngineQueue, task: ScheduledTask): Promise<void> {
  if (await isScheduled(queue, task)) return;
  const { name, cron } = task;
  const template = templateOf(task);
  try {
    await queue.upsertJobScheduler(
      name,
      { pattern: cron, tz: TIME_ZONE },
      { name: scheduledQueue.jobName, ...template },
    );
  } catch (error) {
    // BullMQ refuses one of two processes that register the same at the same time.
    if (!(await isScheduled(queue, task))) throw error;
  }
}

/** Whether the scheduler is there as it should be, and its next run with it. */
async function isScheduled(queue: EngineQueue, task: ScheduledTask): Promise<boolean> {
  const found = await queue.getJobScheduler(task.name);
  if (found?.pattern !== task.cron || found.tz !== TIME_ZONE) return false;
  if (!isDeepStrictEqual(found.template, templateOf(task))) return false;
  const next = await queue.getJob(`repeat:${task.name}:${found.next}`);
  if (next !== undefined && next.finishedOn === undefined) return true;
  // Either the schedule has stopped, or it went on between the two looks.
  return (await queue.getJobScheduler(task.name))?.next !== found.next;
}

/** What each run's job is made from. */
function templateOf({ name }: ScheduledTask): { data: { task: string }; opts: JobsOptions } {
  return { data: { task: name }, opts: standingOptions(scheduledQueue) };
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
