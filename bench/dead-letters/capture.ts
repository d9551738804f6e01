/** A failure storm: jobs that die by the ten thousand, and what becomes of them in the dead-letter queue. */
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { correlationId } from '../../contract/ids.ts';
import { emailSend } from '../../src/marketplace/email/queue.ts';
import { standingOptions } from '../../src/ops/queues/job.ts';
import type { Engine } from '../../src/platform/engine/engine.ts';
import type { Db } from '../../src/platform/postgres/db.ts';
import { eventually } from '../../test/helpers/eventually.ts';
import type { RunningRole } from '../../test/helpers/processes.ts';
import { say } from '../figures.ts';
import { cpuText, leastSeconds, watchCpu, watchOthers, type CpuFigures } from './cpu.ts';
import { settle, type BenchDatabase } from './database.ts';
import { speedVerdict, verdict } from './measure.ts';
import { sameCounts } from './retention.ts';
import { openStage, QUEUE, watchBacklog, watchMemory, type MemoryFigures, type Stage } from './stage.ts';
import { createStorm, type Storm } from './storm.ts';

const JOBS = 100_000;
const TARGET_PER_SECOND = 8_000;
const TARGET_LAG_MS = 10_000;
/** Memory that is used anew while another third of the storm is captured. */
const FLAT = 1.1;
const WORKERS = 2;
const PATIENCE = { timeoutMs: 600_000, intervalMs: 50 };

export async function benchCapture(database: BenchDatabase): Promise<boolean> {
  const stage = await openStage(database);
  try {
    say(
      `capture of ${JOBS.toLocaleString('en')} failures, among ${database.rows.toLocaleString('en')} entries`,
    );
    await settle(database);
    const storm = await stormLikeOne(stage);
    // All dead before the capture begins: how fast it is by itself.
    await enqueueBroken(stage.engine, JOBS - 1);
    await storm.dieBefore(JOBS - 1);
    const housekeeping = await stage.start('housekeeping');
    const pids = { housekeeping: housekeeping.pid, postgres: database.serverPid, redis: stage.redisPid };
    const [cpu, others] = [watchCpu(pids), watchOthers()];
    const alone = await captured(database.db, stage.engine, housekeeping, 0);
    const spent = cpu();
    say(`  all dead before: memory ${memoryOf(alone.memory)}; ${cpuText(spent)}`);
    const seconds = (alone.endMs - alone.firstMs) / 1_000;
    const time = { seconds, cpuSeconds: leastSeconds(spent), others: others() };
    let met = speedVerdict('captured alone', JOBS, time, TARGET_PER_SECOND);

    const scene: Scene = { database, stage, housekeeping, pids };
    // Nobody but the capture works here, so the deaths may come as fast as the target says.
    met = (await whileTheyDie(scene, 'by script', JOBS, () => storm.dieNow())) && met;
    storm.close();
    // On the same two cores as the workers that let them die.
    const workers = { stop: (): Promise<unknown> => Promise.resolve() };
    met =
      (await whileTheyDie(scene, 'by workers', 2 * JOBS, () => {
        Object.assign(workers, stage.startWorkers(WORKERS));
      })) && met;
    await workers.stop();
    return (await sameCounts(database)) && met;
  } finally {
    await stage.close();
  }
}

interface Scene {
  database: BenchDatabase;
  stage: Stage;
  housekeeping: RunningRole;
  pids: CpuFigures;
}

/** Captured while they die: how far behind the capture is when the last has died. */
async function whileTheyDie(
  { database, stage, housekeeping, pids }: Scene,
  how: string,
  before: number,
  begin: () => unknown,
): Promise<boolean> {
  await enqueueBroken(stage.engine, JOBS);
  const backlog = watchBacklog(database);
  const [cpu, others] = [watchCpu(pids), watchOthers()];
  const capture = captured(database.db, stage.engine, housekeeping, before);
  await begin();
  const during = await capture;
  say(`  ${cpuText(cpu())}, others ${(others().share * 100).toFixed(0)} % of CPUs`);
  say(`  changes of counts that waited: ${await backlog.stop()} at most`);
  say(
    `  while they die ${how}: ${deathRate(during)} deaths/s, ${rate(during)} entries/s, memory ${memoryOf(during.memory)}`,
  );
  const lagMs = during.endMs - during.lastDeathMs;
  const soon = verdict(
    'lag after the last failure, ≤ 10 s',
    `${(lagMs / 1_000).toFixed(1)} s`,
    lagMs <= TARGET_LAG_MS,
  );
  const growth = during.memory.last / during.memory.first;
  return (
    verdict('memory flat, last third to first', `${(growth * 100).toFixed(0)} %`, growth <= FLAT) && soon
  );
}

/** Lets one job die by a worker, as all others then do by a script. */
async function stormLikeOne(stage: Stage): Promise<Storm> {
  await enqueueBroken(stage.engine, 1);
  const one = stage.startWorkers(1);
  await eventually(async () => (await stage.engine.queue(QUEUE).getFailedCount()) === 1, PATIENCE);
  await one.stop();
  const [dead] = await stage.engine.queue(QUEUE).getFailed(0, 0);
  return createStorm(stage.redisUrl, dead?.stacktrace?.at(-1) ?? '');
}

/** Jobs that the queue's schema refuses: they die at their first attempt. */
async function enqueueBroken(engine: Engine, count: number): Promise<void> {
  const batch = 2_000;
  for (let from = 0; from < count; from += batch) {
    const jobs = Array.from({ length: Math.min(batch, count - from) }, (_, index) => ({
      name: emailSend.jobName,
      data: {
        to: `person.${from + index}@example.com`,
        data: {
          niche: 'vps-hosting',
          budget: 100 + (index % 900),
          contact: `Person ${index}`,
          phone: '+49 30 1234567',
        },
      },
      opts: {
        jobId: randomUUID(),
        ...standingOptions(emailSend),
        fmhl: { correlation_id: correlationId.parse(randomUUID()), retry_of: null },
      },
    }));
    await engine.queue(QUEUE).addBulk(jobs);
  }
}

interface Captured {
  firstDeathMs: number;
  lastDeathMs: number;
  firstMs: number;
  /** When all of them were stored and gone from the engine. */
  endMs: number;
  memory: MemoryFigures;
}

/** Waits until all are captured that died after so many. */
async function captured(db: Db, engine: Engine, { pid }: RunningRole, before: number): Promise<Captured> {
  const memory = watchMemory(pid);
  await eventually(async () => (await stored(db)) === before + JOBS, PATIENCE);
  await eventually(async () => (await engine.queue(QUEUE).getFailedCount()) === 0, PATIENCE);
  const endMs = Date.now();
  const figures = await memory.stop();
  const { rows } = await sql<{ first_death: Date; last_death: Date; first: Date }>`
    SELECT min(failed_at) AS first_death, max(failed_at) AS last_death, min(captured_at) AS first
      FROM (SELECT failed_at, captured_at FROM dead_letter_queue WHERE queue_name = ${QUEUE}
             ORDER BY captured_at DESC LIMIT ${JOBS}) AS latest`.execute(db);
  const [row] = rows;
  if (row === undefined) throw new Error('Nothing was captured');
  return {
    firstDeathMs: row.first_death.getTime(),
    lastDeathMs: row.last_death.getTime(),
    firstMs: row.first.getTime(),
    endMs,
    memory: figures,
  };
}

async function stored(db: Db): Promise<number> {
  const { rows } = await sql<{ entries: string | null }>`
    SELECT sum(entries) AS entries FROM dead_letter_tallies_now WHERE scope = 'queue' AND queue_name = ${QUEUE}`.execute(
    db,
  );
  return Number(rows[0]?.entries ?? 0);
}

const perSecond = (ms: number): number => Math.round(JOBS / (ms / 1_000));
/** From the first that was stored until the last was gone from the engine. */
const rate = ({ firstMs, endMs }: Captured): number => perSecond(endMs - firstMs);
const deathRate = ({ firstDeathMs, lastDeathMs }: Captured): number => perSecond(lastDeathMs - firstDeathMs);
const memoryOf = ({ first, last, most }: MemoryFigures): string =>
  `${first.toFixed(0)} MB in the first third, ${last.toFixed(0)} in the last, ${most.toFixed(0)} at most`;
