/**
 * How many jobs go through: `npm run bench:throughput`, with `-- --rounds 1` for a shorter one.
 *
 * No-op jobs, defined once, enqueued in bulk by this process and run by 1, 2 and 4 worker processes with a
 * concurrency of 50 each, everything on that is on by default; from the first that is enqueued until the last is
 * completed. On Redis (append-only file, fsync every second) and on PostgreSQL (fsync on), as production has them.
 * Then through the outbox to Redis: 50 transactions at a time that each change a row and enqueue a job with it, the
 * relay that hands the jobs over in this process too, and 2 worker processes.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { correlationId } from '../contract/ids.ts';
import { createMetrics } from '../src/ops/metrics/registry.ts';
import { standingOptions } from '../src/ops/queues/job.ts';
import { createProducer } from '../src/ops/queues/producer.ts';
import { createLogger } from '../src/platform/logging/logger.ts';
import { endChild, spawnChild } from '../test/helpers/children.ts';
import { eventually } from '../test/helpers/eventually.ts';
import { startPostgresServer } from '../test/helpers/postgres-server.ts';
import { startRedis } from '../test/helpers/redis.ts';
import { machine, percentile, say } from './figures.ts';
import { noop } from './overhead/sides.ts';
import { record } from './record.ts';
import { openEngine } from './throughput/engine.ts';
import { openOutbox } from './throughput/outbox.ts';

const WORKERS = [1, 2, 4];
const JOBS = { Redis: 60_000, PostgreSQL: 10_000 };
const BATCH = 500;
const DURABLE = { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on' };

type Kind = keyof typeof JOBS;

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' } } });
const rounds = Number(values.rounds);

/** Jobs per second through a server of its own. */
async function through(kind: Kind, workers: number, viaOutbox: boolean): Promise<number> {
  const server =
    kind === 'Redis'
      ? await startRedis(['--appendonly', 'yes', '--appendfsync', 'everysec'])
      : await startPostgresServer(DURABLE);
  const engine = await openEngine(server.url, 'bench');
  const logger = createLogger({ level: 'info', role: 'worker', version: 'bench' });
  const metrics = createMetrics({ role: 'worker', version: 'bench', queues: [noop.name], logger });
  const producer = createProducer({ engine, metrics, logger });
  const outbox = viaOutbox ? await openOutbox(DURABLE, { engine, producer, metrics, logger }) : null;
  const queue = engine.queue(noop.name);
  const children = Array.from({ length: workers }, () =>
    spawnChild(process.execPath, [
      ...['--import', 'tsx', join(import.meta.dirname, 'throughput', 'worker.ts'), server.url, 'bench'],
    ]),
  );
  const enqueue = async (count: number): Promise<void> => {
    const payloads = Array.from({ length: count }, () => ({ lead_id: randomUUID() }));
    if (outbox !== null) return outbox.enqueue(payloads, correlationId.parse(randomUUID()));
    for (let made = 0; made < count; made += BATCH) {
      await producer.deliver(noop.name, payloads.slice(made, made + BATCH).map(jobOf));
    }
  };
  const completed = (count: number): Promise<boolean> =>
    eventually(async () => (await queue.getCompletedCount()) === count, { timeoutMs: 300_000 });
  try {
    const count = viaOutbox ? JOBS.PostgreSQL : JOBS[kind];
    const warm = count / 5;
    await enqueue(warm);
    await completed(warm);
    const startedMs = performance.now();
    await enqueue(count);
    await completed(warm + count);
    return count / ((performance.now() - startedMs) / 1_000);
  } finally {
    await Promise.all(children.map((child) => endChild(child)));
    await outbox?.stop();
    await engine.close();
    await server.stop();
  }
}

function jobOf(data: { lead_id: string }) {
  return {
    name: noop.jobName,
    data,
    opts: {
      ...{ jobId: randomUUID(), ...standingOptions(noop) },
      fmhl: { correlation_id: correlationId.parse(randomUUID()), retry_of: null },
    },
  };
}

async function bench(): Promise<void> {
  const found = new Map<string, number[]>();
  const paths = [
    ...(['Redis', 'PostgreSQL'] as const).flatMap((kind) =>
      WORKERS.map((workers) => ({ kind, workers, viaOutbox: false })),
    ),
    { kind: 'Redis' as const, workers: 2, viaOutbox: true },
  ];
  for (let round = 0; round < rounds; round += 1) {
    for (const { kind, workers, viaOutbox } of paths) {
      const name = `${(viaOutbox ? 'outbox, Redis' : kind).padEnd(13)} ${workers} worker process${workers === 1 ? '  ' : 'es'}`;
      found.set(name, [...(found.get(name) ?? []), await through(kind, workers, viaOutbox)]);
      process.stderr.write(`  round ${round + 1} of ${rounds}: ${name}\r`);
    }
  }
  say(`no-op jobs through enqueue and process, ${rounds} rounds, medians and extremes`);
  for (const [name, all] of found) {
    const [least, half, most] = [Math.min(...all), percentile(all, 0.5), Math.max(...all)];
    say(`  ${name}  ${half.toFixed(0).padStart(6)} jobs/s (${least.toFixed(0)} to ${most.toFixed(0)})`);
  }
}

say(machine());
await record('bench:throughput', bench);
