import { eventually } from '../../test/helpers/eventually.ts';
import { halt } from '../ledger.ts';
import { enqueue, entryOf, inEngine, inFailedSet, PATIENCE_MS, waitsInOutbox, type Case } from './scene.ts';

const JOBS = 20;

/**
 * Redis dies and comes back without what it had acknowledged last: the jobs that were handed over in that time
 * are gone, and a job that was captured is back in the failed set. Begins and ends with the system at rest.
 */
export const redisForgets: Case = async (scene) => {
  const { world, newId } = scene;
  const until = (what: string, check: () => Promise<boolean>): Promise<boolean> =>
    eventually(check, { what, timeoutMs: PATIENCE_MS });

  const dead = newId('halt');
  const insert = await halt(world.pool, 'insert');
  await enqueue(scene, { jobId: dead, kind: 'unrecoverable' });
  await until('the job is dead', () => inFailedSet(scene, dead));
  const kept = await world.redis.logSize();
  // All that follows will be forgotten.
  await insert.release();
  await until('the dead job is captured and removed', async () => {
    return (await entryOf(scene, dead)) !== undefined && !(await inFailedSet(scene, dead));
  });
  const jobs = Array.from({ length: JOBS }, () => newId());
  for (const jobId of jobs) await enqueue(scene, { jobId, kind: 'succeed' });
  await until('the jobs are handed over', async () => {
    for (const jobId of jobs) if (await waitsInOutbox(scene, jobId)) return false;
    return true;
  });

  world.all.forEach(({ redis }) => redis.pause());
  await world.redis.killAndForget(kept);
  await world.redis.restart();
  await until('Redis answers', async () => {
    await world.engine.ping();
    return true;
  });
  const gone = await Promise.all(jobs.map(async (jobId) => !(await inEngine(scene, jobId))));
  const seen = gone.every(Boolean) && (await inFailedSet(scene, dead));
  world.all.forEach(({ redis }) => redis.resume());

  await until('the jobs are handed over again', async () => {
    for (const jobId of jobs) if (!(await inEngine(scene, jobId))) return false;
    return true;
  });
  await until('the dead job is removed again', async () => !(await inFailedSet(scene, dead)));
  return seen;
};
