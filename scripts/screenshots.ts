/**
 * `npm run screenshots`: every page of the admin UI as it looks in the middle of a bad night, in both themes on a screen
 * and on a phone, written to docs/screenshots/. `-- overview queue` for some.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from '@playwright/test';
import { openBrowser, PHONE, SCREEN, visit } from '../test/helpers/browser.ts';
import { startPostgresServer } from '../test/helpers/postgres-server.ts';
import { startRedis } from '../test/helpers/redis.ts';
import { settled, stopTransitions } from '../test/ui/audit.ts';
import { bringToLife } from '../test/ui/life.ts';
import { type Running, startProduct } from '../test/ui/running.ts';
import { requirePrograms } from './programs.ts';
import { buildUi } from './ui-build.ts';

const FOLDER = join(import.meta.dirname, '../docs/screenshots');
const VIEWS = [
  { suffix: 'light', theme: 'light', viewport: SCREEN },
  { suffix: 'dark', theme: 'dark', viewport: SCREEN },
  { suffix: 'phone', theme: 'dark', viewport: PHONE },
] as const;

interface Sight {
  path: string;
  session?: string;
}

async function sights(product: Running): Promise<Record<string, Sight>> {
  const life = await bringToLife(product);
  const of = (pages: Readonly<Record<string, string>>, session: string) =>
    Object.entries(pages).map(([name, path]) => [name, { path, session }] as const);
  return {
    'sign-in': { path: '/' },
    ...Object.fromEntries([...of(life.pages, life.admin), ...of(life.providerPages, life.provider)]),
  };
}

async function take(page: Page, file: string): Promise<void> {
  await settled(page);
  await stopTransitions(page);
  await page.screenshot({ path: join(FOLDER, file), animations: 'disabled', caret: 'hide' });
}

async function photograph(browser: Browser, url: string, all: [string, Sight][]): Promise<void> {
  for (const { suffix, theme, viewport } of VIEWS) {
    for (const [name, { path, session }] of all) {
      const who = session === undefined ? { expected: /status of 401/ } : { session };
      await visit(browser, { url, theme, viewport, ...who }, async (page) => {
        await page.goto(path);
        await take(page, `${name}-${suffix}.png`);
      });
    }
  }
}

async function main(): Promise<number> {
  if (!requirePrograms(['redis-server'])) return 1;
  await Promise.all([buildUi(), mkdir(FOLDER, { recursive: true })]);
  const [postgres, redis] = await Promise.all([startPostgresServer(), startRedis()]);
  process.env.FMHL_TEST_POSTGRES_URL = postgres.url;
  process.env.FMHL_TEST_REDIS_URL = redis.url;
  try {
    await photographAll(process.argv.slice(2));
  } finally {
    await Promise.allSettled([postgres.stop(), redis.stop()]);
  }
  return 0;
}

async function photographAll(wanted: readonly string[]): Promise<void> {
  const [product, browser] = await Promise.all([startProduct(), openBrowser()]);
  try {
    const all = Object.entries(await sights(product));
    const some = all.filter(([name]) => wanted.length === 0 || wanted.includes(name));
    await photograph(browser, product.url, some);
  } finally {
    await browser.close();
    await product.stop();
  }
}

process.exitCode = await main();
