/** Bulk retry by the API, as far as the queue: as fast as it goes, and at a rate. */
import { setTimeout as pause } from 'node:timers/promises';
import { sql } from 'kysely';
import { operation, type Operation } from '../../contract/dead-letter-operations.ts';
import { PATH } from '../../src/ops/dead-letters/view.ts';
import type { Engine } from '../../src/platform/engine/engine.ts';
import type { Db } from '../../src/platform/postgres/db.ts';
import { adminToken } from '../../test/helpers/access.ts';
import { eventually } from '../../test/helpers/eventually.ts';
import { percentile, say } from '../figures.ts';
import { cpuText, leastSeconds, watchCpu, watchOthers, type Others } from './cpu.ts';
import { settle, type BenchDatabase } from './database.ts';
import { speedVerdict, verdict } from './measure.ts';
import { sameCounts } from './retention.ts';
import { openStage, QUEUE, watchBacklog, watchMemory, type MemoryFigures } from './stage.ts';

const ENTRIES = 100_000;
const TARGET_PER_SECOND = 5_000;
const RATE = 2_000;
/** Enough for 15 seconds. */
const AT_RATE = 30_000;
const RATE_WITHIN = 0.05;
const MOST_MB = 300;
const PATIENCE = { timeoutMs: 300_000, intervalMs: 100 };

export async function benchRetry(database: BenchDatabase): Promise<boolean> {
  const { db, rows } = database;
  const stage = await openStage(database);
  try {
    const fast = await seedRetryable(db, ENTRIES);
    const paced = await seedRetryable(db, AT_RATE);
    say(`bulk retry of ${ENTRIES.toLocaleString('en')} entries, among ${rows.toLocaleString('en')}`);
    await settle(database);
    const [api, housekeeping] = [await stage.start('api'), await stage.start('housekeeping')];
    const client = createClient(api.url, await adminToken(db));

    const memory = watchMemory(housekeeping.pid);
    const backlog = watchBacklog(database);
    const pids = { housekeeping: housekeeping.pid, postgres: database.serverPid, redis: stage.redisPid };
    const [cpu, others] = [watchCpu(pids), watchOthers()];
    const unlimited = await client.retry({ job_name: fast }, null, stage.engine, ENTRIES);
    const spent = cpu();
    const by = { cpuSeconds: leastSeconds(spent), others: others() };
    say(`  changes of counts that waited: ${await backlog.stop()} at most`);
    say(
      `  selected in ${unlimited.selectSeconds.toFixed(1)} s, resolved after ${unlimited.seconds.toFixed(1)} s; ${cpuText(spent)}`,
    );
    let met = verdict('all retried', `${unlimited.succeeded}`, unlimited.succeeded === ENTRIES);
    met =
      speedVerdict('unlimited, from the request', ENTRIES, { ...unlimited, ...by }, TARGET_PER_SECOND) && met;
    const toEngine = { seconds: unlimited.toEngineSeconds, ...by };
    met = speedVerdict('until all jobs are in the engine', ENTRIES, toEngine, TARGET_PER_SECOND) && met;

    const othersMeanwhile = watchOthers();
    const limited = await client.retry({ job_name: paced }, RATE, stage.engine, ENTRIES + AT_RATE);
    met = reportRate(limited, othersMeanwhile()) && met;
    met = reportMemory(await memory.stop()) && met;
    return (await sameCounts(database)) && met;
  } finally {
    await stage.close();
  }
}

function reportRate({ progress }: Retried, others: Others): boolean {
  // From the first to the last look at which it worked, so that neither its start nor its end counts.
  const working = progress.filter(({ processed }) => processed > 0 && processed < AT_RATE);
  const [first, last] = [working[0], working.at(-1)];
  const overall = first === undefined || last === undefined ? Number.NaN : speed(first, last);
  const seconds = working.flatMap((look, index) => {
    const later = working.slice(index).find(({ atMs }) => atMs >= look.atMs + 1_000);
    return later === undefined ? [] : [speed(look, later)];
  });
  const [least, most] = [percentile(seconds, 0), percentile(seconds, 1)];
  say(`  in any second of it: ${least.toFixed(0)} to ${most.toFixed(0)} entries/s`);
  const off = Math.abs(overall - RATE) / RATE;
  const kept = off <= RATE_WITHIN;
  // Whatever others do, it must not be faster.
  const busy = others.disturb && overall < RATE;
  const figure = `${overall.toFixed(0)}/s`;
  return verdict(`at ${RATE.toLocaleString('en')}/s, within 5 %`, figure, kept, kept || busy);
}

function speed(from: Look, to: Look): number {
  return ((to.processed - from.processed) / (to.atMs - from.atMs)) * 1_000;
}

function reportMemory({ most, first, last }: MemoryFigures): boolean {
  say(`  memory of housekeeping: ${first.toFixed(0)} MB in the first third, ${last.toFixed(0)} in the last`);
  return verdict('at most 300 MB', `${most.toFixed(0)} MB`, most <= MOST_MB);
}

/** Entries of so many causes, as after an outage that everything met. */
const GROUPS = 500;

/** Entries whose payload the queue takes, under a job name of their own. Triggers count them. @returns the name */
async function seedRetryable(db: Db, count: number): Promise<string> {
  const name = `send_email_${count}`;
  await sql`
    INSERT INTO dead_letter_groups (id, queue_name, job_name, error_class, message, first_seen, last_seen)
    SELECT md5(${name} || n)::uuid, ${QUEUE}, ${name}, 'Error', 'SMTP timeout ' || n, now(), now()
      FROM generate_series(0, ${GROUPS - 1}::int) AS n`.execute(db);
  await sql`
    INSERT INTO dead_letter_queue
      (queue_name, job_id, job_name, payload, job_options, error_message, stack_trace, attempts, failed_at,
       correlation_id, group_id)
    SELECT ${QUEUE}, gen_random_uuid()::text, ${name},
           jsonb_build_object('to', 'person.' || n || '@example.com', 'template', 'welcome', 'data', '{}'::jsonb),
           '{"attempts": 3, "backoff": {"type": "schedule"}, "removeOnFail": false, "removeOnComplete": {"age": 3600}}',
           'SMTP timeout after ' || n || ' ms', E'Error: SMTP timeout\n    at send (/app/src/marketplace/email/send.ts:41:11)',
           3, now() - n * interval '10 milliseconds', gen_random_uuid(), md5(${name} || n % ${GROUPS}::int)::uuid
      FROM generate_series(1, ${count}::int) AS n`.execute(db);
  return name;
}

interface Look {
  atMs: number;
  processed: number;
}

interface Retried {
  succeeded: number;
  /** From the request. */
  selectSeconds: number;
  seconds: number;
  toEngineSeconds: number;
  progress: Look[];
}

function createClient(baseUrl: string, token: string) {
  const call = async (method: string, path: string, body?: object): Promise<Operation> => {
    const answer = await fetch(`${baseUrl}${PATH}/operations${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return operation.parse(await answer.json());
  };
  return {
    /** Asks for a retry, and watches it until the engine has so many jobs. */
    retry: async (filter: object, rate: number | null, engine: Engine, jobs: number): Promise<Retried> => {
      const startedMs = performance.now();
      const since = (): number => (performance.now() - startedMs) / 1_000;
      const body = { action: 'retry', filter, reason: 'the benchmark', rate_per_second: rate };
      let state = await call('POST', '', body);
      let selectSeconds = 0;
      const progress: Look[] = [];
      while (state.state !== 'completed') {
        await pause(100);
        state = await call('GET', `/${state.id}`);
        if (state.state === 'selecting') selectSeconds = since();
        progress.push({ atMs: performance.now(), processed: state.processed });
      }
      const seconds = since();
      await eventually(async () => (await engine.queue(QUEUE).getWaitingCount()) === jobs, PATIENCE);
      return { succeeded: state.succeeded, selectSeconds, seconds, toEngineSeconds: since(), progress };
    },
  };
}
