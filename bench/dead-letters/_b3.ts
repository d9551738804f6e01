/**
 * Bulk retry, from the request to the jobs in Redis, by the product's own housekeeping process, which also
 * captures, relays and follows meanwhile. PostgreSQL with fsync, Redis with an append-only file.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { sql } from 'kysely';
import { correlationId, userId } from '../../contract/ids.ts';
import { start } from '../../src/ops/dead-letters/operations/start.ts';
import { findOperation } from '../../src/ops/dead-letters/operations/store.ts';
import { createRedisEngine } from '../../src/platform/engine/redis.ts';
import { systemClock } from '../../src/platform/lifecycle/clock.ts';
import { createDb } from '../../src/platform/postgres/db.ts';
import { migrate } from '../../src/platform/postgres/migrate.ts';
import { createPool } from '../../src/platform/postgres/pool.ts';
import { eventually } from '../../test/helpers/eventually.ts';
import { captureLog } from '../../test/helpers/log.ts';
import { startPostgresServer } from '../../test/helpers/postgres-server.ts';
import { startRole } from '../../test/helpers/processes.ts';
import { startRedis } from '../../test/helpers/redis.ts';
import { say } from '../figures.ts';
import { verdict } from './measure.ts';

const QUEUE = 'email_send';
const PREFIX = 'bench';
const TARGET_PER_SECOND = 5_000;
const MOST_RSS_MB = 300;
const RATE = 1_000;

/** @returns whether the targets are met */
export async function benchBulk(entries = 100_000): Promise<boolean> {
  const postgres = await startPostgresServer({
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
  });
  const redis = await startRedis(['--appendonly', 'yes']);
  await migrate(postgres.url, new URL('../../migrations', import.meta.url).pathname);
  const pool = createPool({
    ...{ connectionString: postgres.url, applicationName: 'bench', max: 4, statementTimeoutMs: 300_000 },
    onError: () => undefined,
  });
  const db = createDb(pool);
  const engine = await createRedisEngine({ url: redis.url, prefix: PREFIX, onError: () => undefined });
  const env = { DATABASE_URL: postgres.url, REDIS_URL: redis.url, FMHL_REDIS_PREFIX: PREFIX };
  const housekeeping = await startRole('housekeeping', { env });
  const cpu = (): number =>
    cpuSeconds(housekeeping.pid) +
    cpuSeconds(redis.pid()) +
    cpuSeconds(postgres.pid) +
    childrenCpuSeconds(postgres.pid);
  const run = async (count: number, rate: number | null): Promise<Run> => {
    await sql`TRUNCATE dead_letter_queue, dead_letter_retries, outbox`.execute(db);
    await engine.queue(QUEUE).obliterate({ force: true });
    await seed(db, count);
    const cpuBefore = cpu();
    const parts = () => [
      cpuSeconds(housekeeping.pid),
      cpuSeconds(redis.pid()),
      ...readFileSync(`/proc/${postgres.pid}/task/${postgres.pid}/children`, 'utf8')
        .split(' ')
        .filter(Boolean)
        .map((p) => [readFileSync(`/proc/${p}/cmdline`, 'utf8').slice(0, 60), cpuSeconds(Number(p))]),
    ];
    const p0 = parts();
    const startedMs = performance.now();
    const { id } = await start(
      { action: 'retry', filter: { queue: QUEUE }, reason: 'a measurement', rate_per_second: rate },
      ACTOR,
      { db, clock: systemClock, logger: captureLog().logger },
    );
    const answeredMs = performance.now() - startedMs;
    const wait = { timeoutMs: 600_000, intervalMs: 50 };
    await eventually(async () => (await findOperation(db, id))?.state === 'completed', wait);
    if (count > 50000) say(JSON.stringify([p0, parts()], null, 0));
    const resolvedMs = performance.now() - startedMs;
    await eventually(async () => (await engine.queue(QUEUE).getWaitingCount()) >= count, wait);
    const handedOverMs = performance.now() - startedMs;
    const operation = await findOperation(db, id);
    const workedMs = (operation?.finished_at?.getTime() ?? 0) - (operation?.started_at?.getTime() ?? 0);
    return {
      count,
      answeredMs,
      resolvedMs,
      handedOverMs,
      workedMs,
      cpuSeconds: cpu() - cpuBefore,
    };
  };
  try {
    await run(2_000, null);
    const fast = await run(entries, null);
    tell('unlimited', fast);
    const slow = await run(RATE * 2, RATE);
    tell(`${RATE} a second`, slow);
    const perSecond = (fast.count / fast.handedOverMs) * 1000;
    const rate = (slow.count / slow.workedMs) * 1000;
    const rssMb = peakRssMb(housekeeping.pid);
    return [
      verdict(
        `entries a second, ≥ ${TARGET_PER_SECOND}`,
        perSecond.toFixed(0),
        perSecond >= TARGET_PER_SECOND,
      ),
      verdict(
        `entries a second at a limit of ${RATE}, ± 5 %`,
        rate.toFixed(1),
        Math.abs(rate / RATE - 1) <= 0.05,
      ),
      verdict(`MB of memory at the most, ≤ ${MOST_RSS_MB}`, rssMb.toFixed(0), rssMb <= MOST_RSS_MB),
    ].every(Boolean);
  } finally {
    await housekeeping.stop();
    await engine.close();
    await pool.end();
    await redis.stop();
    await postgres.stop();
  }
}

interface Run {
  count: number;
  /** From the request to its answer. */
  answeredMs: number;
  /** From the request to the last entry's outcome. */
  resolvedMs: number;
  /** From the request until Redis has the last job. */
  handedOverMs: number;
  /** From the first entry to the last, as the operation itself says. */
  workedMs: number;
  /** Of the housekeeping process and of both servers. */
  cpuSeconds: number;
}

function tell(what: string, run: Run): void {
  const { count, answeredMs, resolvedMs, handedOverMs } = run;
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
  say(
    `${what}: ${count} entries, answered after ${seconds(answeredMs)}, resolved after ${seconds(resolvedMs)}, ` +
      `all in Redis after ${seconds(handedOverMs)}; ${run.cpuSeconds.toFixed(1)} s of CPU`,
  );
}

const ACTOR = {
  userId: userId.parse(randomUUID()),
  role: 'admin' as const,
  ip: '127.0.0.1',
  userAgent: 'bench',
  correlationId: correlationId.parse(randomUUID()),
};

async function seed(db: ReturnType<typeof createDb>, count: number): Promise<void> {
  await sql`
    INSERT INTO dead_letter_queue
      (queue_name, job_id, job_name, payload, job_options, error_message, stack_trace, attempts, failed_at,
       correlation_id, group_id)
    SELECT ${QUEUE}, gen_random_uuid(), 'send_email',
           format('{"to": "person.%s@example.com", "template": "welcome", "data": {}}', n)::jsonb,
           '{"attempts": 3, "backoff": {"type": "schedule"}, "removeOnComplete": {"age": 3600}, "removeOnFail": false}',
           'SMTP timeout', E'Error: SMTP timeout\n    at send (/app/src/marketplace/email/send.ts:41:11)', 3,
           now() - n * interval '1 millisecond', gen_random_uuid(), ${randomUUID()}
      FROM generate_series(1, ${count}::int) AS n`.execute(db);
  await sql`VACUUM ANALYZE dead_letter_queue`.execute(db);
}

function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const [user = 0, system = 0, ended = 0, endedSystem = 0] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 15)
    .map(Number);
  return (user + system + ended + endedSystem) / 100;
}

/** Of the server's processes, one a connection; those that have ended are in the server's own figure. */
function childrenCpuSeconds(parent: number): number {
  const children = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').split(' ').filter(Boolean);
  return children.reduce((sum, pid) => sum + cpuSeconds(Number(pid)), 0);
}

function peakRssMb(pid: number): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? NaN) / 1024;
}
