/** The servers that chaos kills: a Redis that writes every command to disk, and a PostgreSQL. */
import { mkdtemp, readdir, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { startEmbeddedPostgres } from '../src/platform/postgres/embedded/index.ts';
import { killAfterUs, removeAfterUs } from '../test/helpers/children.ts';
import { eventually } from '../test/helpers/eventually.ts';
import { captureLog } from '../test/helpers/log.ts';
import { startRedis, type RedisServer } from '../test/helpers/redis.ts';

export interface ChaosRedis extends RedisServer {
  /** How much of its log is written now. */
  logSize: () => Promise<LogPosition>;
  /** kill -9, and what was written after a position is gone; it is not running then. */
  killAndForget: (after: LogPosition) => Promise<void>;
}

export interface LogPosition {
  file: string;
  bytes: number;
}

export async function startChaosRedis(): Promise<ChaosRedis> {
  // `always`, so that what is acknowledged is on disk: the accounting then has no excuse.
  const server = await startRedis(['--appendonly', 'yes', '--appendfsync', 'always']);
  const client = new Redis(server.url, { maxRetriesPerRequest: null });
  client.on('error', () => undefined);
  const [, dir = ''] = await client.config('GET', 'dir').then((answer) => answer as string[]);
  const logSize = async (): Promise<LogPosition> => {
    const folder = join(dir, 'appendonlydir');
    const [last] = (await readdir(folder)).filter((name) => name.endsWith('.incr.aof')).sort(byNumber);
    if (last === undefined) throw new Error('Redis has no log');
    const file = join(folder, last);
    return { file, bytes: (await stat(file)).size };
  };
  return {
    ...server,
    logSize,
    killAndForget: async (after) => {
      await server.kill9();
      const now = await logSize();
      if (now.file !== after.file) throw new Error('Redis has begun another log meanwhile');
      await truncate(after.file, after.bytes);
    },
    stop: async () => {
      client.disconnect();
      await server.stop();
    },
  };
}

/** `appendonly.aof.12.incr.aof`: the newest first. */
function byNumber(one: string, other: string): number {
  const number = (name: string): number => Number(/\.(\d+)\.incr/.exec(name)?.[1]);
  return number(other) - number(one);
}

export interface ChaosPostgres {
  url: string;
  port: number;
  /** Resolves when another process runs, which may not answer yet. */
  kill9: () => Promise<void>;
  stop: () => Promise<void>;
}

export async function startChaosPostgres(): Promise<ChaosPostgres> {
  const dataDir = await mkdtemp(join(tmpdir(), 'fmhl-chaos-'));
  removeAfterUs(dataDir);
  const server = await startEmbeddedPostgres({
    dataDir,
    logger: captureLog('info').logger,
    // A killed process loses nothing that it gave to the kernel; only a machine that loses power would.
    settings: { fsync: 'off', full_page_writes: 'off', max_connections: '200' },
  });
  let guard = killAfterUs(server.pid);
  return {
    url: server.url,
    port: server.port,
    kill9: async () => {
      const { pid } = server;
      process.kill(pid, 'SIGKILL');
      await eventually(() => server.pid !== pid, { what: 'PostgreSQL runs again', timeoutMs: 60_000 });
      guard.spare();
      guard = killAfterUs(server.pid);
    },
    stop: async () => {
      await server.stop();
      guard.spare();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
