/** Processes that die between two steps which belong together. */
import { hostname } from 'node:os';
import { eventually } from '../../test/helpers/eventually.ts';
import { workerName } from '../application.ts';
import { halt } from '../ledger.ts';
import { holdQueue, MAX_STALLED, workQueue } from '../queues.ts';
import type { RoleProcess } from '../role-process.ts';
import {
  enqueue,
  entryOf,
  inEngine,
  inFailedSet,
  PATIENCE_MS,
  untilEntry,
  untilLeader,
  waitsInOutbox,
  type Case,
  type Scene,
} from './scene.ts';

const until = (what: string, check: () => Promise<boolean>): Promise<boolean> =>
  eventually(check, { what, timeoutMs: PATIENCE_MS });

/** The worker that ran the job and whoever would capture it die when it is dead in the engine alone. */
export const beforeCapture: Case = async (scene) => {
  const { world, newId } = scene;
  const jobId = newId();
  await enqueue(scene, { jobId, kind: 'unrecoverable', options: { delayMs: 1_000 } });
  await until('the job is handed over', () => inEngine(scene, jobId));
  const leader = await untilLeader(world);
  const frozen = world.housekeeping.map((role) => role.freeze());
  await until('the job is dead', () => inFailedSet(scene, jobId));
  const seen = (await entryOf(scene, jobId)) === undefined;
  const ranBy = await workerOf(scene, jobId, workQueue.name);
  await Promise.all([leader.kill9(), ranBy?.kill9()]);
  frozen.forEach(({ thaw }) => thaw());
  await untilEntry(scene, jobId);
  return seen;
};

/** Housekeeping dies after the entry is committed, before the job is removed from the failed set. */
export const betweenInsertAndRemoval: Case = async (scene) => {
  const { world, newId } = scene;
  const leader = await untilLeader(world);
  const jobId = newId('halt');
  const insert = await halt(world.pool, 'insert');
  try {
    await enqueue(scene, { jobId, kind: 'unrecoverable' });
    await until('the job is dead', () => inFailedSet(scene, jobId));
    await until('its capture is on the way', insert.isReached);
    // What is inserted can be committed, and nothing can be removed.
    world.housekeeping.forEach(({ redis }) => redis.pause());
  } finally {
    await insert.release();
  }
  try {
    await until('the entry is committed', async () => (await entryOf(scene, jobId)) !== undefined);
    const seen = await inFailedSet(scene, jobId);
    await leader.kill9();
    return seen && (await inFailedSet(scene, jobId));
  } finally {
    world.housekeeping.forEach(({ redis }) => redis.resume());
    await until('the job is removed', async () => !(await inFailedSet(scene, jobId)));
  }
};

/** Housekeeping dies when a job is committed, before it has handed it over. */
export const beforeHandOver: Case = async (scene) => {
  const { world, newId } = scene;
  const jobId = newId();
  const leader = await untilLeader(world);
  const frozen = world.housekeeping.map((role) => role.freeze());
  await enqueue(scene, { jobId, kind: 'succeed' });
  const seen = (await waitsInOutbox(scene, jobId)) && !(await inEngine(scene, jobId));
  await leader.kill9();
  frozen.forEach(({ thaw }) => thaw());
  await until('the job is handed over', () => inEngine(scene, jobId));
  return seen;
};

/** Housekeeping dies when the engine has a job, before that is recorded. */
export const beforeRecord: Case = async (scene) => {
  const { world, newId } = scene;
  const leader = await untilLeader(world);
  const jobId = newId('halt');
  const record = await halt(world.pool, 'record');
  let seen = false;
  try {
    await enqueue(scene, { jobId, kind: 'succeed' });
    await until('the record is on the way', record.isReached);
    await leader.kill9();
    seen = (await inEngine(scene, jobId)) && (await waitsInOutbox(scene, jobId));
  } finally {
    await record.release();
  }
  await until('the hand-over is recorded', async () => !(await waitsInOutbox(scene, jobId)));
  return seen;
};

/** Whichever worker has the job is killed, until the engine gives it up. */
export const stalledTooOften: Case = async (scene) => {
  const jobId = scene.newId();
  await enqueue(scene, { jobId, kind: 'hold', queue: holdQueue });
  const killed = new Set<number>();
  for (let kills = 0; kills <= MAX_STALLED; kills += 1) {
    const holder = await eventually(
      async () => {
        const found = await workerOf(scene, jobId, holdQueue.name);
        return found !== undefined && !killed.has(found.pid()) ? found : undefined;
      },
      { what: `a worker takes ${jobId}`, timeoutMs: PATIENCE_MS },
    );
    killed.add(holder.pid());
    await holder.kill9();
  }
  const { error_message: message } = await untilEntry(scene, jobId);
  return /stalled/.test(message);
};

/** The process that runs a job, or ran it last; undefined when it is gone. */
async function workerOf({ world }: Scene, jobId: string, queue: string): Promise<RoleProcess | undefined> {
  const job = await world.engine.queue(queue).getJob(jobId);
  return world.workers.find((role) => job?.processedBy === workerName(hostname(), role.pid()));
}
