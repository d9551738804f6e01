/** A real browser for the tests of the admin UI, and what every visit is held to. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type Browser, type BrowserContext, chromium, expect as plain, type Page } from '@playwright/test';
import { SESSION_COOKIE } from '../../src/ops/access/credentials.ts';

/** Waits longer than usual: the machine runs servers, a browser and other tests at the same time. */
export const expect = plain.configure({ timeout: 20_000 });

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** Where the system has Chromium or Chrome; else the one that Playwright has fetched; null when there is none. */
export function findChromium(): string | null {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const candidates = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return [...candidates, chromium.executablePath()].find((path) => existsSync(path)) ?? null;
}

/** @throws when there is no Chromium */
export async function openBrowser(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === null) throw new Error('There is no Chromium: install it (apt-get install chromium)');
  return chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
}

export const PHONE = { width: 360, height: 740 };
export const SCREEN = { width: 1_280, height: 800 };

export interface VisitOptions {
  /** Where the UI is served. */
  url: string;
  /** The token of a session that whoever visits has already. */
  session?: string;
  viewport?: { width: number; height: number };
  theme?: 'dark' | 'light';
  /** Messages of the console that belong to the story, such as a refused sign-in. */
  expected?: RegExp;
}

/**
 * One visit, in a context of its own. At its end nothing may have gone wrong in the page: no error in its console, no
 * exception, no request to anybody else. Of a visit that fails, the folder that is printed shows the last page.
 */
export async function visit(
  browser: Browser,
  options: VisitOptions,
  story: (page: Page, context: BrowserContext) => Promise<void>,
): Promise<void> {
  const { url, session, viewport = SCREEN, theme = 'light', expected } = options;
  const context = await browser.newContext({
    baseURL: url,
    viewport,
    colorScheme: theme,
    hasTouch: viewport.width < 500,
    reducedMotion: 'reduce',
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
  });
  context.setDefaultTimeout(20_000);
  if (session !== undefined) await context.addCookies([{ name: SESSION_COOKIE, value: session, url }]);
  const page = await context.newPage();
  const complaints = watch(page, new URL(url).origin, expected);
  try {
    await story(page, context);
    assert.deepEqual(complaints, [], 'the page has nothing to complain of');
  } catch (error) {
    await keep(page, complaints);
    throw error;
  } finally {
    await context.close();
  }
}

function watch(page: Page, origin: string, expected: RegExp | undefined): string[] {
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' && expected?.test(message.text()) !== true)
      complaints.push(`console: ${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => complaints.push(`exception: ${error.stack ?? error.message}`));
  page.on('request', (request) => {
    const { protocol, origin: asked } = new URL(request.url());
    if (asked !== origin && protocol !== 'blob:' && protocol !== 'data:')
      complaints.push(`request to ${request.url()}`);
  });
  page.on('dialog', (dialog) => {
    if (dialog.type() !== 'beforeunload') complaints.push(`dialog: ${dialog.message()}`);
    void dialog.accept();
  });
  return complaints;
}

async function keep(page: Page, complaints: readonly string[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'fmhl-visit-'));
  await page.screenshot({ path: join(folder, 'page.png'), fullPage: true }).catch(() => undefined);
  process.stderr.write(`The visit failed at ${page.url()}; see ${folder}. ${complaints.join('\n')}\n`);
}
