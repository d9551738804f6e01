/**
 * What it costs to look: `npm run bench:overview`, with `-- --rows 100000 --rounds 10` for a shorter one.
 *
 * A hundred queues beside FMHL's own, 200,000 waiting jobs and 1,000,000 dead letters; the time of
 * `GET /api/v1/admin/queues` and of a scrape of `/metrics`, whose gauges are read anew each time, to a client in
 * another process, the sign-in of the admin included; alone, and while 300 other clients are connected to Redis.
 * Beside it, in turns, the same question to bull-board: `/api/queues`. Targets: at most 5 ms each, at the median, and
 * a scrape of at most 300 kB. Asked twice: after a second's rest, as a scrape or a page that polls asks, when CPUs and
 * caches have gone cold; and back to back, where `/metrics` is left out: its gauges are read at most once a second.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { createRedisEngine } from '../src/platform/engine/redis.ts';
import { adminToken } from '../test/helpers/access.ts';
import { spawnChild, endChild } from '../test/helpers/children.ts';
import { eventually } from '../test/helpers/eventually.ts';
import { startRedis } from '../test/helpers/redis.ts';
import { startServer, type BenchDatabase } from './dead-letters/database.ts';
import { machine, percentile, say } from './figures.ts';
import { MANY_QUEUES } from './overview/queues.ts';
import { record } from './record.ts';

const WAITING = 200_000;
const OTHER_CLIENTS = 300;
const TARGET_MS = 5;
const TARGET_BYTES = 300_000;
const PREFIX = 'fmhl';
const WARM_UP = 10;
const SCRAPE = 'ours: /metrics';
/** The gauges of a scrape are read at most once a second. */
const ANEW_AFTER_MS = 1_050;

interface Question {
  name: string;
  ask: () => Promise<number>;
  target: boolean;
}

/** Starts a program that says its URL, alone or in a line of its log. */
async function started(file: string, args: string[], env: Record<string, string>) {
  const child = spawnChild(
    process.execPath,
    ['--import', 'tsx', join(import.meta.dirname, 'overview', file), ...args],
    {
      cwd: join(import.meta.dirname, '..'),
      env: { PATH: process.env.PATH, HOME: process.env.HOME, PORT: '0', ...env },
    },
  );
  let output = '';
  child.stdout?.on('data', (text: Buffer) => (output += text.toString()));
  child.stderr?.on('data', (text: Buffer) => (output += text.toString()));
  const url = await eventually(() => /(?:"url":"|^)(http:\/\/[^"\s]+)/m.exec(output)?.[1], {
    what: `${file} listens; it said ${output}`,
    timeoutMs: 60_000,
  });
  return { url, stop: () => endChild(child) };
}

async function enqueue(redisUrl: string): Promise<void> {
  const engine = await createRedisEngine({ url: redisUrl, prefix: PREFIX, onError: () => undefined });
  const each = WAITING / MANY_QUEUES.length;
  for (const { name, jobName } of MANY_QUEUES) {
    const jobs = Array.from({ length: Math.ceil(each) }, () => ({
      name: jobName,
      data: { lead_id: randomUUID() },
    }));
    await engine.queue(name).addBulk(jobs);
  }
  await engine.close();
}

async function get(url: string, headers: Record<string, string> = {}): Promise<number> {
  const answer = await fetch(url, { headers });
  const body = await answer.arrayBuffer();
  if (answer.status !== 200) throw new Error(`${url}: ${answer.status}`);
  return body.byteLength;
}

/** Each question in turn, and again. */
async function measure(questions: readonly Question[], rounds: number, restMs: number): Promise<boolean> {
  const times = new Map<string, number[]>(questions.map(({ name }) => [name, []]));
  const sizes = new Map<string, number>();
  for (let round = 0; round < WARM_UP + rounds; round += 1) {
    if (restMs > 0) await pause(restMs);
    for (const { name, ask } of questions) {
      const startedMs = performance.now();
      sizes.set(name, await ask());
      if (round >= WARM_UP) times.get(name)?.push(performance.now() - startedMs);
    }
  }
  let met = true;
  for (const { name, target } of questions) {
    const of = times.get(name) ?? [];
    const [half, most] = [percentile(of, 0.5), percentile(of, 0.95)];
    const verdict = target ? (half <= TARGET_MS ? 'met' : 'MISSED') : '';
    if (target && half > TARGET_MS) met = false;
    const kilobytes = ((sizes.get(name) ?? 0) / 1_000).toFixed(0);
    say(
      `  ${name.padEnd(28)} ${half.toFixed(1).padStart(6)} ms, p95 ${most.toFixed(1).padStart(6)} ms, ${kilobytes} kB  ${verdict}`,
    );
  }
  const scrape = sizes.get(SCRAPE) ?? 0;
  if (scrape > TARGET_BYTES) say(`  a scrape of ${scrape} bytes: MISSED, at most ${TARGET_BYTES}`);
  return met && scrape <= TARGET_BYTES;
}

async function bench(database: BenchDatabase, rounds: number): Promise<boolean> {
  const redis = await startRedis();
  await enqueue(redis.url);
  const env = {
    DATABASE_URL: database.url,
    REDIS_URL: redis.url,
    FMHL_REDIS_PREFIX: PREFIX,
    FMHL_SHUTDOWN_DRAIN_MS: '0',
  };
  const api = await started('api.ts', [], env);
  const board = await started('bull-board.ts', [redis.url, PREFIX], {});
  const others: Redis[] = [];
  try {
    const headers = { authorization: `Bearer ${await adminToken(database.db)}` };
    const questions: Question[] = [
      {
        name: 'ours: /api/v1/admin/queues',
        ask: () => get(`${api.url}/api/v1/admin/queues`, headers),
        target: true,
      },
      { name: SCRAPE, ask: () => get(`${api.url}/metrics`), target: true },
      { name: 'bull-board: /api/queues', ask: () => get(`${board.url}/api/queues`), target: false },
    ];
    const { length } = MANY_QUEUES;
    say(
      `${length} queues, ${WAITING.toLocaleString('en')} waiting, ${database.rows.toLocaleString('en')} dead letters, ${rounds} rounds; medians`,
    );
    const both = async (): Promise<boolean> => {
      say(' after a rest of a second');
      const rested = await measure(questions, rounds, ANEW_AFTER_MS);
      say(' back to back');
      const others = questions.filter(({ name }) => name !== SCRAPE);
      return (await measure(others, rounds * 5, 0)) && rested;
    };
    const alone = await both();
    for (let n = 0; n < OTHER_CLIENTS; n += 1) others.push(new Redis(redis.url));
    await Promise.all(others.map((client) => client.ping()));
    say(`with ${OTHER_CLIENTS} other clients of Redis`);
    return (await both()) && alone;
  } finally {
    others.forEach((client) => client.disconnect());
    await Promise.all([api.stop(), board.stop()]);
    await redis.stop();
  }
}

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '40' }, rows: { type: 'string', default: '1000000' } },
});
say(machine());
await record('bench:overview', async () => {
  const server = await startServer();
  try {
    const database = await server.withRows(Number(values.rows));
    if (!(await bench(database, Number(values.rounds)))) process.exitCode = 1;
  } finally {
    await server.stop();
  }
});
