/**
 * Dead letters at scale, measured: `npm run bench:dead-letters`. Parts by `-- --only list,search,retention`,
 * fewer entries by `-- --rows 1000000`. PostgreSQL has fsync on and its default 128 MB of buffers, far less
 * than the data; Redis keeps an append-only file. Each figure is shown with its target.
 */
import { parseArgs } from 'node:util';
import { startServer, type BenchServer } from './dead-letters/database.ts';
import { benchCapture } from './dead-letters/capture.ts';
import { benchReads } from './dead-letters/reads.ts';
import { benchRetention } from './dead-letters/retention.ts';
import { benchRetry } from './dead-letters/retry.ts';
import { benchSearch } from './dead-letters/search.ts';
import { machine, say } from './figures.ts';
import { record } from './record.ts';

const MOST = 10_000_000;
const MEDIUM = 1_000_000;

type Part = (server: BenchServer, rows: number) => Promise<boolean>;
const medium = (rows: number): number => Math.min(rows, MEDIUM);

/** In this order: what only reads comes first. */
const PARTS: Record<string, Part> = {
  list: async (server, rows) => benchReads(await server.withRows(rows)),
  search: async (server, rows) => benchSearch(await server.withRows(medium(rows))),
  capture: async (server, rows) => benchCapture(await server.withRows(medium(rows))),
  retry: async (server, rows) => benchRetry(await server.withRows(medium(rows))),
  retention: async (server, rows) => benchRetention(await server.withRows(rows)),
};

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { only: { type: 'string' }, rows: { type: 'string', default: String(MOST) } },
  });
  const only = values.only?.split(',') ?? Object.keys(PARTS);
  const unknown = only.find((part) => !(part in PARTS));
  if (unknown !== undefined)
    throw new Error(`There is no part ${unknown}, but: ${Object.keys(PARTS).join(', ')}`);
  say(machine());
  const startedMs = performance.now();
  const server = await startServer();
  const missed: string[] = [];
  try {
    for (const [name, run] of Object.entries(PARTS)) {
      if (!only.includes(name)) continue;
      if (!(await run(server, Number(values.rows)))) missed.push(name);
    }
  } finally {
    await server.stop();
  }
  say(`${((performance.now() - startedMs) / 60_000).toFixed(1)} minutes, load at the end: ${machine()}`);
  say(missed.length === 0 ? 'All targets met.' : `Targets missed in: ${missed.join(', ')}`);
  process.exitCode = missed.length === 0 ? 0 : 1;
}

await record('bench:dead-letters', main);
