import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { endChild, removeAfterUs, spawnChild } from './children.ts';
import { eventually } from './eventually.ts';
import { freePort } from './ports.ts';

export interface RedisServer {
  url: string;
  port: number;
  pid: () => number;
  /** Stops answering without closing connections. */
  pause: () => void;
  resume: () => void;
  kill9: () => Promise<void>;
  /** Starts the server again on the same port, with what it had on disk. */
  restart: () => Promise<void>;
  stop: () => Promise<void>;
}

/**
 * A redis-server of its own on a free port. Persists nothing and never evicts, unless told otherwise:
 * `['--appendonly', 'yes']`.
 */
export async function startRedis(args: string[] = []): Promise<RedisServer> {
  const dir = await mkdtemp(join(tmpdir(), 'fmhl-redis-'));
  removeAfterUs(dir);
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  const start = async (): Promise<ChildProcess> => {
    const child = spawnChild('redis-server', [
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', ''],
      ...['--maxmemory-policy', 'noeviction', ...args],
    ]);
    await answering(url);
    return child;
  };
  let child = await start();
  return {
    url,
    port,
    pid: () => child.pid ?? 0,
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    kill9: () => endChild(child, 'SIGKILL'),
    restart: async () => {
      await endChild(child, 'SIGKILL');
      child = await start();
    },
    stop: async () => {
      // A stopped process takes no other signal.
      await endChild(child, 'SIGKILL');
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function answering(url: string): Promise<void> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => 50, maxRetriesPerRequest: null });
  client.on('error', () => undefined);
  try {
    await eventually(() => client.ping(), { what: 'redis-server answers' });
  } finally {
    client.disconnect();
  }
}

let own: Promise<RedisServer> | undefined;

/** The URL of the redis-server that all test files share; started here when this file runs alone. */
export async function testRedisUrl(): Promise<string> {
  const shared = process.env.FMHL_TEST_REDIS_URL;
  if (shared !== undefined) return shared;
  own ??= startRedis();
  return (await own).url;
}

/** A key prefix that no other test uses. */
export function uniquePrefix(): string {
  return `test-${randomUUID().slice(0, 8)}`;
}
