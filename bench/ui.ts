/**
 * How soon the page of dead letters can be used: `npm run bench:ui`, with `-- --rows 100000 --rounds 3` for a shorter one.
 *
 * 1,000,000 dead letters in 100 queues and 2,050 groups; a real Chromium opens the page as an admin who is signed in.
 * The clock is the browser's own, from the navigation on: until rows are there, and until a key moves the focus to one.
 * Each round is a new profile, at first with nothing in its cache, then once more with the files that it has.
 * Target: at most 1 s, at the median, either way.
 */
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import type { Browser, Page } from '@playwright/test';
import { buildUi } from '../scripts/ui-build.ts';
import { adminToken } from '../test/helpers/access.ts';
import { eventually } from '../test/helpers/eventually.ts';
import { openBrowser, visit } from '../test/helpers/browser.ts';
import { startServer, type BenchDatabase } from './dead-letters/database.ts';
import { openStage } from './dead-letters/stage.ts';
import { machine, percentile, say } from './figures.ts';
import { record } from './record.ts';

const TARGET_MS = 1_000;

interface Times {
  rows: number;
  interactive: number;
}

/** Runs in the page, before anything else does: looks once a frame, and presses `j` as soon as there are rows. */
const WATCH = `
  window.bench = {};
  const look = () => {
    const rows = document.querySelectorAll('table[aria-label="Dead letters"] tbody a').length;
    if (rows > 0) {
      window.bench.rows ??= performance.now();
      if (document.querySelector('tr[data-focused="true"]') !== null) {
        window.bench.interactive = performance.now();
        return;
      }
      document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'j', bubbles: true }));
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
`;

async function open(page: Page): Promise<Times> {
  await page.goto('/dead-letters', { waitUntil: 'commit' });
  const times = await eventually(
    async () => {
      const { rows, interactive } = await page.evaluate<Partial<Times>>('window.bench');
      return rows === undefined || interactive === undefined ? undefined : { rows, interactive };
    },
    { what: 'a key moves the focus', timeoutMs: 60_000, intervalMs: 100 },
  );
  // What the page has asked for meanwhile must not slow the next one down.
  await page.waitForLoadState('networkidle');
  return times;
}

async function measure(browser: Browser, url: string, session: string, rounds: number) {
  const times: Record<'empty' | 'full', Times[]> = { empty: [], full: [] };
  // The first round is of a server that has never answered.
  for (let round = 0; round <= rounds; round += 1) {
    await visit(browser, { url, session }, async (page) => {
      await page.addInitScript(WATCH);
      const [empty, full] = [await open(page), await open(page)];
      if (round === 0) return;
      times.empty.push(empty);
      times.full.push(full);
    });
  }
  return times;
}

function tell(what: string, of: readonly Times[]): boolean {
  const half = (values: number[]): string => percentile(values, 0.5).toFixed(0).padStart(5);
  const interactive = of.map((times) => times.interactive);
  const met = percentile(interactive, 0.5) <= TARGET_MS;
  const range = `${Math.min(...interactive).toFixed(0)} to ${Math.max(...interactive).toFixed(0)}`;
  say(
    `  ${what.padEnd(22)} rows ${half(of.map(({ rows }) => rows))} ms, a key works ${half(interactive)} ms (${range})  ${met ? 'met' : 'MISSED'}`,
  );
  return met;
}

async function bench(database: BenchDatabase, rounds: number): Promise<boolean> {
  const [stage, browser] = await Promise.all([openStage(database), openBrowser()]);
  try {
    const { url } = await stage.start('api');
    say(
      `${database.rows.toLocaleString('en')} dead letters, Chromium ${browser.version()}; medians of ${rounds}, ≤ ${TARGET_MS} ms`,
    );
    const times = await measure(browser, url, await adminToken(database.db), rounds);
    const cold = tell('with an empty cache', times.empty);
    return tell('with a full cache', times.full) && cold;
  } finally {
    await browser.close();
    await stage.close();
  }
}

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '7' }, rows: { type: 'string', default: '1000000' } },
});
await buildUi();
say(machine());
const startedMs = performance.now();
await record('bench:ui', async () => {
  const server = await startServer();
  try {
    const database = await server.withRows(Number(values.rows));
    if (!(await bench(database, Number(values.rounds)))) process.exitCode = 1;
  } finally {
    await server.stop();
  }
  say(`${((performance.now() - startedMs) / 1_000).toFixed(0)} s in all, load at the end: ${machine()}`);
});
