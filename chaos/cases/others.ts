/** Two leaders at once, deaths at the first attempt, and retries of jobs with options. */
import { eventually } from '../../test/helpers/eventually.ts';
import { workQueue } from '../queues.ts';
import { enqueue, leads, PATIENCE_MS, retryEntry, untilEntry, untilLeader, type Case } from './scene.ts';

/** The leader is stopped until another was elected, and wakes up believing that it still leads. */
export const twoLeaders: Case = async (scene) => {
  const { world, newId } = scene;
  const old = await untilLeader(world);
  const { thaw } = old.freeze();
  let electedAt = 0;
  const dead = newId();
  try {
    const other = world.housekeeping.find((role) => role !== old);
    await eventually(() => other !== undefined && leads(other), {
      ...{ what: 'another leader', timeoutMs: PATIENCE_MS },
    });
    electedAt = other?.lastAt('leader_elected') ?? 0;
    // Work for both.
    await enqueue(scene, { jobId: dead, kind: 'unrecoverable' });
    await enqueue(scene, { jobId: newId(), kind: 'succeed' });
  } finally {
    thaw();
  }
  await eventually(() => !leads(old), { what: 'the old leader notices', timeoutMs: PATIENCE_MS });
  await untilEntry(scene, dead);
  return old.lastAt('leader_lost') >= electedAt;
};

/** A job with attempts left that says that another would not help. */
export const unrecoverableAtOnce: Case = async (scene) => {
  const jobId = scene.newId();
  await enqueue(scene, { jobId, kind: 'unrecoverable' });
  const { attempts, error_message: message } = await untilEntry(scene, jobId);
  return attempts === 1 && workQueue.attempts > 1 && message.startsWith('unrecoverable');
};

/** A retry keeps priority and delay, and gets an id of its own. */
export const retryWithOptions: Case = async (scene) => {
  const { world, newId } = scene;
  const jobId = newId();
  const options = { priority: 7, delayMs: 400 };
  await enqueue(scene, { jobId, kind: 'mended', options });
  const { id } = await untilEntry(scene, jobId);
  await retryEntry(scene, id);
  const follower = await eventually(
    async () => {
      const job = await world.engine.queue(workQueue.name).getJob(`retry-${id}`);
      return job !== undefined && (await job.getState()) === 'completed' ? job : undefined;
    },
    { what: 'the follower completes', timeoutMs: PATIENCE_MS },
  );
  return follower.opts.priority === options.priority && follower.opts.delay === options.delayMs;
};
