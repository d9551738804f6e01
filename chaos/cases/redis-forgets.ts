import { eventually } from '../../test/helpers/eventually.ts';
import { halt } from '../ledger.ts';
import type { LogPosition } from '../servers.ts';
import {
  enqueue,
  entryOf,
  inEngine,
  inFailedSet,
  PATIENCE_MS,
  retryEntry,
  untilEntry,
  waitsInOutbox,
  type Case,
  type Scene,
} from './scene.ts';

const JOBS = 20;

/**
 * Redis dies and comes back without what it had acknowledged last: the jobs that were handed over in that time,
 * the follower of a retry among them, are gone, and a job that was captured is back in the failed set. Those
 * that came and died in that time have their entry alone. Begins and ends with the system at rest.
 */
export const redisForgets: Case = async (scene) => {
  const { world, newId } = scene;
  const dead = newId('halt');
  const insert = await halt(world.pool, 'insert');
  let kept: LogPosition;
  try {
    await enqueue(scene, { jobId: dead, kind: 'mended' });
    await until('the job is dead', () => inFailedSet(scene, dead));
    // All that follows will be forgotten.
    kept = await world.redis.logSize();
  } finally {
    await insert.release();
  }
  const { completed, died } = await handOver(scene, dead);

  world.all.forEach(({ redis }) => redis.pause());
  let seen: boolean;
  try {
    await world.redis.killAndForget(kept);
    await world.redis.restart();
    await until('Redis answers', () => world.engine.ping().then(() => true));
    seen = !(await someInEngine(scene, [...completed, ...died])) && (await inFailedSet(scene, dead));
  } finally {
    world.all.forEach(({ redis }) => redis.resume());
  }
  await until('the jobs are handed over again', () => allInEngine(scene, completed));
  await until('the dead job is removed again', async () => !(await inFailedSet(scene, dead)));
  return seen && !(await someInEngine(scene, died));
};

/** Jobs and a retry, all of which the engine has acknowledged and done. */
async function handOver(scene: Scene, dead: string): Promise<{ completed: string[]; died: string[] }> {
  const { id } = await untilEntry(scene, dead);
  await until('the dead job is removed', async () => !(await inFailedSet(scene, dead)));
  await retryEntry(scene, id);
  const completed = [`retry-${id}`];
  const died: string[] = [];
  for (let n = 0; n < JOBS; n += 1) {
    const kind = n % 4 === 0 ? 'unrecoverable' : 'succeed';
    const jobId = scene.newId();
    await enqueue(scene, { jobId, kind });
    (kind === 'succeed' ? completed : died).push(jobId);
  }
  await until('the jobs are handed over', async () => {
    for (const jobId of completed) if (await waitsInOutbox(scene, jobId)) return false;
    return allInEngine(scene, completed);
  });
  await until('those that die are captured', async () => {
    for (const jobId of died) if ((await entryOf(scene, jobId)) === undefined) return false;
    return !(await someInEngine(scene, died));
  });
  return { completed, died };
}

const until = (what: string, check: () => Promise<boolean>): Promise<boolean> =>
  eventually(check, { what, timeoutMs: PATIENCE_MS });

async function allInEngine(scene: Scene, jobIds: readonly string[]): Promise<boolean> {
  for (const jobId of jobIds) if (!(await inEngine(scene, jobId))) return false;
  return true;
}

async function someInEngine(scene: Scene, jobIds: readonly string[]): Promise<boolean> {
  for (const jobId of jobIds) if (await inEngine(scene, jobId)) return true;
  return false;
}
