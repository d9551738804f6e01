/** A chaos run: rounds of faults and named cases under load, each closed by an accounting. */
import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '../test/helpers/eventually.ts';
import { account, type Account } from './accounting.ts';
import { createAdmin } from './admin.ts';
import { NAMED_CASES } from './cases/index.ts';
import type { Scene } from './cases/scene.ts';
import { collectStock, runningOperations } from './facts.ts';
import { createFaults, type Faults } from './faults.ts';
import { acceptedByOutbox } from './ledger.ts';
import { createLoad, type Load } from './load.ts';
import { startProgress } from './progress.ts';
import { CHAOS_QUEUE_NAMES } from './queues.ts';
import { createRandom } from './random.ts';
import { createRetries, type Retries } from './retries.ts';
import { describeFault, LAST_CASE, scheduleRound, type CaseName, type Step } from './schedule.ts';
import { describeStandstill } from './standstill.ts';
import { createTally, type Tally } from './tally.ts';
import { startWorld, type World } from './world.ts';

export interface ChaosOptions {
  /** A whole number from 0 to 2^32 - 1; the same gives the same faults. */
  seed: number;
  /** Rounds begin until so much time is over; there is at least one. */
  minutes: number;
  print: (line: string) => void;
}

export interface ChaosReport {
  seed: number;
  rounds: number;
  seconds: number;
  tally: Tally;
  account: Account;
  bulk: Retries['bulk'];
}

/** A case whose situation slipped by is tried again so often. */
const TRIES = 3;
const REST_MS = 90_000;

interface Running {
  world: World;
  load: Load;
  retries: Retries;
  faults: Faults;
  scene: Scene;
  tally: Tally;
  print: (line: string) => void;
}

/** @throws when the system does not come up, or does not come to rest once nothing goes wrong any more */
export async function runChaos({ seed, minutes, print }: ChaosOptions): Promise<ChaosReport> {
  const startedAt = performance.now();
  const seconds = (): number => Math.round((performance.now() - startedAt) / 1000);
  const tally = createTally();
  const world = await startWorld((what) => tally.ended(what));
  const progress = startProgress(world, tally, seconds, print);
  let running: Running | undefined;
  try {
    running = await begin(world, seed, tally, print);
    let round = 0;
    let result: Account;
    do {
      round += 1;
      await runRound(running, scheduleRound(seed, round));
      result = await close(running);
    } while (result.findings.length === 0 && seconds() < minutes * 60);
    const { bulk } = running.retries;
    return { seed, rounds: round, seconds: seconds(), tally, account: result, bulk };
  } catch (error) {
    for (const [what, count] of tally.endings) print(`${count} times: ${what}`);
    throw error;
  } finally {
    progress.stop();
    await Promise.all([running?.load.pause(), running?.retries.pause()]);
    await world.close();
  }
}

async function begin(world: World, seed: number, tally: Tally, print: Running['print']): Promise<Running> {
  const random = createRandom(seed);
  const admin = await createAdmin(world);
  let ids = 0;
  return {
    ...{ world, tally, print },
    load: createLoad(world, random.fork('load')),
    retries: createRetries(world, admin, random.fork('retries')),
    faults: createFaults(world),
    scene: { world, admin, newId: (prefix = 'case') => `${prefix}-${(ids += 1)}` },
  };
}

async function runRound(running: Running, steps: readonly Step[]): Promise<void> {
  const { load, retries, faults, tally, world } = running;
  load.resume();
  retries.resume();
  for (const step of steps) {
    await pause(step.pauseMs);
    if ('named' in step) {
      await settle(running);
      await bringAbout(step.named, running);
    } else if (faults.inject(step.fault)) tally.fault(describeFault(step.fault));
  }
  await faults.untilOver();
  await world.untilUp();
  await Promise.all([load.pause(), retries.pause()]);
  await untilRest(world).catch(async (error: unknown) => {
    for (const line of await describeStandstill(world.db)) running.print(line);
    throw error;
  });
  await bringAbout(LAST_CASE, running);
}

/** A case is brought about on a system that has got over what came before. */
async function settle({ faults, world }: Running): Promise<void> {
  await faults.untilOver();
  await world.untilUp();
}

async function bringAbout(name: CaseName, running: Running): Promise<void> {
  const startedAt = performance.now();
  for (let tries = 1; tries <= TRIES; tries += 1) {
    let reason = 'it slipped by';
    try {
      if (await NAMED_CASES[name](running.scene)) {
        running.tally.seen(name);
        running.print(`${' '.repeat(9)}seen: ${name}, in ${Math.round(performance.now() - startedAt)} ms`);
        return;
      }
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
    }
    running.print(`case "${name}", try ${tries}: ${reason}`);
    await settle(running);
  }
}

/** Nothing runs, waits or is dead in the engine any more but what waits for tomorrow, and nothing is being retried. */
async function untilRest({ db, engine }: World): Promise<void> {
  await eventually(
    async () => {
      const { engine: jobs, outbox } = await collectStock(db, engine, CHAOS_QUEUE_NAMES);
      const moving = jobs.filter((job) => job.state !== 'completed' && !job.jobId.startsWith('later-'));
      const operations = await runningOperations(db);
      if (moving.length + outbox.length + operations === 0) return true;
      throw new Error(
        `${operations} bulk operations, ${outbox.length} in the outbox; ${moving.map((job) => `${job.jobId} ${job.state}`).join(', ')}`,
      );
    },
    { what: 'rest', timeoutMs: REST_MS, intervalMs: 200 },
  );
}

async function close({ world, load, retries }: Running): Promise<Account> {
  await world.untilUp();
  await untilRest(world);
  return account({
    accepted: [...load.direct, ...(await acceptedByOutbox(world.db))],
    ...(await collectStock(world.db, world.engine, CHAOS_QUEUE_NAMES)),
    acknowledgedRetries: [...retries.acknowledged],
  });
}
