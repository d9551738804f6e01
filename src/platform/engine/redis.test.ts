import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { freePort } from '../../../test/helpers/ports.ts';
import { startRedis } from '../../../test/helpers/redis.ts';
import { StartError } from '../lifecycle/errors.ts';
import { createRedisEngine } from './redis.ts';

const errors: Error[] = [];
const open = (url: string) =>
  createRedisEngine({ url, prefix: 'test', connectTimeoutMs: 500, onError: (error) => errors.push(error) });

const servers: Server[] = [];
const sockets = new Set<Socket>();
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

/** A server that answers every command with the same text, or not at all. */
async function fakeRedis(answer: string | null): Promise<string> {
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      const commands = chunk.toString().match(/^\*\d+/gm)?.length ?? 0;
      if (answer !== null) socket.write(`$${answer.length}\r\n${answer}\r\n`.repeat(commands));
    });
  });
  servers.push(server);
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return `redis://default:hunter2@127.0.0.1:${port}`;
}

async function refusedStart(url: string): Promise<{ message: string; ms: number }> {
  const started = performance.now();
  let message = '';
  await assert.rejects(open(url), (error) => {
    assert.ok(error instanceof StartError, String(error));
    ({ message } = error);
    return true;
  });
  assert.ok(!message.includes('hunter2'), 'no credentials in the message');
  return { message, ms: performance.now() - started };
}

describe('the start on Redis', () => {
  test('is refused by a server that is older than BullMQ needs', async () => {
    const { message } = await refusedStart(await fakeRedis('redis_version:4.0.0\r\nrole:master\r\n'));
    assert.match(
      message,
      /^Redis at 127\.0\.0\.1:\d+ is version 4\.0\.0; BullMQ needs \d+\.\d+\.\d+ or newer\.$/,
    );
  });

  test('is given up in bounded time when nobody listens', async () => {
    const port = await freePort();
    const { message, ms } = await refusedStart(`redis://default:hunter2@127.0.0.1:${port}`);
    assert.match(message, new RegExp(`^Redis at 127\\.0\\.0\\.1:${port} can't be reached: .`));
    assert.ok(ms < 10_000, `${ms} ms`);
    assert.ok(errors.length > 0, 'the connection errors were told');
  });

  test('is given up in bounded time when the server is silent', async () => {
    const { message, ms } = await refusedStart(await fakeRedis(null));
    assert.match(message, /can't be reached/);
    assert.ok(ms < 15_000, `${ms} ms`);
  });

  test('is given up, without the password, when the server asks for another', async () => {
    const redis = await startRedis();
    const admin = new Redis(redis.url);
    try {
      await admin.config('SET', 'requirepass', 'another');
      const { message } = await refusedStart(redis.url.replace('//', '//default:hunter2@'));
      assert.match(message, /WRONGPASS|NOAUTH/);
    } finally {
      admin.disconnect();
      await redis.stop();
    }
  });
});

describe('the settings of Redis', () => {
  test('are unsafe with any maxmemory-policy other than noeviction', async () => {
    const redis = await startRedis();
    const admin = new Redis(redis.url);
    const engine = await open(redis.url);
    try {
      assert.equal(await engine.unsafeSettings(), null);
      for (const policy of ['allkeys-lru', 'volatile-lru', 'allkeys-random', 'volatile-ttl']) {
        await admin.config('SET', 'maxmemory-policy', policy);
        assert.equal(
          await engine.unsafeSettings(),
          `Redis maxmemory-policy is ${policy}: it may delete jobs. Set it to noeviction.`,
        );
      }
      await admin.config('SET', 'maxmemory-policy', 'noeviction');
      assert.equal(await engine.unsafeSettings(), null);
    } finally {
      admin.disconnect();
      await engine.close();
      await redis.stop();
    }
  });
});

describe('a Redis that comes and goes', () => {
  test('fails a ping within 10 s while it hangs, and answers again when it is back', async () => {
    const redis = await startRedis();
    const engine = await open(redis.url);
    try {
      redis.pause();
      const started = performance.now();
      await assert.rejects(engine.ping());
      assert.ok(performance.now() - started < 10_000);
      redis.resume();
      await engine.ping();
    } finally {
      redis.resume();
      await engine.close();
      await redis.stop();
    }
  });
});
