/** What a benchmark of several processes stands on: a Redis that keeps its jobs, an engine, and the product's roles. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { sql } from 'kysely';
import type { ProcessRole } from '../../contract/log.ts';
import type { Engine } from '../../src/platform/engine/engine.ts';
import { createRedisEngine } from '../../src/platform/engine/redis.ts';
import { removeAfterUs } from '../../test/helpers/children.ts';
import { launchRole, startRole, type RunningRole } from '../../test/helpers/processes.ts';
import { startRedis } from '../../test/helpers/redis.ts';
import { percentile } from '../figures.ts';
import { connect, type BenchDatabase } from './database.ts';

export const QUEUE = 'email_send';

export interface Stage {
  engine: Engine;
  redisUrl: string;
  redisPid: number;
  start: (role: ProcessRole) => Promise<RunningRole>;
  /** Lets workers of the queue run, in so many processes, without a word: a line for each failure is much. */
  startWorkers: (processes: number) => { stop: () => Promise<unknown> };
  close: () => Promise<void>;
}

export async function openStage({ url }: BenchDatabase): Promise<Stage> {
  const redis = await startRedis(['--appendonly', 'yes', '--appendfsync', 'everysec']);
  const dataDir = await mkdtemp(join(tmpdir(), 'fmhl-bench-'));
  removeAfterUs(dataDir);
  const engine = await createRedisEngine({ url: redis.url, prefix: 'fmhl', onError: () => undefined });
  const roles: RunningRole[] = [];
  const shared = {
    DATABASE_URL: url,
    REDIS_URL: redis.url,
    FMHL_DATA_DIR: dataDir,
    FMHL_SHUTDOWN_DRAIN_MS: '0',
  };
  return {
    engine,
    redisUrl: redis.url,
    redisPid: redis.pid(),
    start: async (role) => {
      const running = await startRole(role, { env: shared });
      roles.push(running);
      return running;
    },
    startWorkers: (processes) => {
      const env = { ...shared, FMHL_LOG_LEVEL: 'fatal', FMHL_QUEUE_EMAIL_SEND_CONCURRENCY: '50' };
      const workers = Array.from({ length: processes }, () =>
        launchRole('worker', { env, args: ['--queues', QUEUE] }),
      );
      roles.push(...workers);
      return { stop: () => Promise.all(workers.map((worker) => worker.stop())) };
    },
    close: async () => {
      await Promise.all(roles.map((role) => role.stop()));
      await engine.close();
      await redis.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

export interface Memory {
  /** Ends the sampling: resident memory over time, in MB. */
  stop: () => Promise<MemoryFigures>;
}

export interface MemoryFigures {
  most: number;
  /** Medians of the first and the last third. */
  first: number;
  last: number;
}

const SAMPLE_MS = 100;

/** Most changes of counts that waited to be settled, as seen every 100 ms. */
export function watchBacklog({ url }: BenchDatabase): { stop: () => Promise<number> } {
  const db = connect(url);
  const abort = new AbortController();
  const sampling = (async () => {
    let most = 0;
    while (!abort.signal.aborted) {
      const { rows } = await sql<{ waiting: string }>`
        SELECT count(*) AS waiting FROM dead_letter_tally_changes`.execute(db);
      most = Math.max(most, Number(rows[0]?.waiting ?? 0));
      await pause(SAMPLE_MS, undefined, { signal: abort.signal }).catch(() => undefined);
    }
    await db.destroy();
    return most;
  })();
  return {
    stop: () => {
      abort.abort();
      return sampling;
    },
  };
}

export function watchMemory(pid: number): Memory {
  const samples: number[] = [];
  const abort = new AbortController();
  const sampling = (async () => {
    while (!abort.signal.aborted) {
      samples.push(residentMb(pid));
      await pause(SAMPLE_MS, undefined, { signal: abort.signal }).catch(() => undefined);
    }
  })();
  return {
    stop: async () => {
      abort.abort();
      await sampling;
      const third = Math.ceil(samples.length / 3);
      return {
        most: Math.max(...samples),
        first: percentile(samples.slice(0, third), 0.5),
        last: percentile(samples.slice(-third), 0.5),
      };
    },
  };
}

function residentMb(pid: number): number {
  const kb = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kb) / 1024;
}
