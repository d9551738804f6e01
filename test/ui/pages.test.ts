/** What holds for every page: anybody can use it, on any screen, and it loads nothing from anywhere else. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Browser, Page } from '@playwright/test';
import { errorText } from '../../src/platform/lifecycle/errors.ts';
import { expect, openBrowser, PHONE, SCREEN, visit } from '../helpers/browser.ts';
import { doesNotScrollSideways, hasNoAxeViolations, settled, stopTransitions } from './audit.ts';
import { bringToLife, type Life } from './life.ts';
import { deadLetter } from './pages/dead-letter.ts';
import { deadLetters } from './pages/dead-letters.ts';
import { type Running, startProduct } from './running.ts';

let product: Running;
let browser: Browser;
let life: Life;
before(async () => {
  [product, browser] = await Promise.all([startProduct(), openBrowser()]);
  life = await bringToLife(product);
});
after(async () => {
  await browser.close();
  await product.stop();
});

/** In both themes, on a screen and on a phone. */
async function audit(page: Page, what: string): Promise<void> {
  await stopTransitions(page);
  for (const theme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: theme });
    await hasNoAxeViolations(page, `${what}, ${theme}`);
  }
  await page.setViewportSize(PHONE);
  await doesNotScrollSideways(page, what);
  await hasNoAxeViolations(page, `${what}, on a phone`, { colours: false });
  await page.setViewportSize(SCREEN);
}

describe('axe finds nothing, and nothing is wider than a phone, on', () => {
  for (const who of ['admin', 'provider'] as const) {
    test(`every page of the ${who}`, async () => {
      const pages = who === 'admin' ? life.pages : life.providerPages;
      await visit(browser, { url: product.url, session: life[who] }, async (page) => {
        const wrong: string[] = [];
        for (const [name, path] of Object.entries(pages)) {
          await page.goto(path);
          await settled(page);
          // What is wrong with one does not hide the next.
          await audit(page, name).catch((error: unknown) => wrong.push(errorText(error)));
        }
        assert.equal(wrong.join('\n'), '');
      });
    });
  }

  test('sign-in and set-up', async () => {
    await visit(browser, { url: product.url, expected: /status of 401/ }, async (page) => {
      for (const path of ['/', '/setup']) {
        await page.goto(path);
        await settled(page);
        await audit(page, path);
      }
    });
  });

  test('dialogs and the editor', async () => {
    await visit(browser, { url: product.url, session: life.admin }, async (page) => {
      const dialog = page.getByRole('dialog');
      const close = async (): Promise<void> => {
        await page.keyboard.press('Escape');
        await expect(dialog).toBeHidden();
      };
      await deadLetters(page).open(new URL(life.pages['dead-letters-group'] ?? '', product.url).search);
      await page
        .getByRole('button', { name: /^Retry [\d,]+ jobs$/ })
        .first()
        .click();
      await expect(dialog).toBeVisible();
      await audit(page, 'the question before a bulk operation');
      await close();
      await page.getByRole('button', { name: 'Filters', exact: true }).click();
      await expect(dialog).toBeVisible();
      await audit(page, 'the form of filters');
      await close();
      await page.keyboard.press('?');
      await expect(dialog).toBeVisible();
      await audit(page, 'the list of keys');
      await close();
      await page.goto(life.pages['dead-letter'] ?? '');
      await deadLetter(page).edit();
      await audit(page, 'the editor');
    });
  });
});

test('the content security policy lets nothing in that is not of the product', async () => {
  const { headers } = await fetch(product.url);
  const policy = headers.get('content-security-policy') ?? '';
  const directives = new Map(
    policy.split(';').map((directive) => {
      const [name = '', ...sources] = directive.trim().split(' ');
      return [name, sources.join(' ')];
    }),
  );
  assert.equal(directives.get('default-src'), "'self'");
  assert.equal(directives.get('script-src'), "'self'");
  assert.equal(directives.get('script-src-attr'), "'none'");
  assert.equal(directives.get('object-src'), "'none'");
  assert.equal(directives.get('frame-ancestors'), "'none'");
  assert.equal(directives.get('base-uri'), "'self'");
  assert.equal(headers.get('x-content-type-options'), 'nosniff');
});

test('the first load is at most 250 kB of gzipped JavaScript', async () => {
  const sizes = new Map<string, number>();
  await visit(browser, { url: product.url, session: life.admin }, async (page) => {
    const bodies: Promise<void>[] = [];
    page.on('response', (response) => {
      if (!response.url().endsWith('.js')) return;
      const measure = async (): Promise<void> => {
        assert.equal(await response.headerValue('content-encoding'), 'gzip', response.url());
        sizes.set(response.url(), gzipSync(await response.body()).length);
      };
      bodies.push(measure());
    });
    await page.goto('/');
    await settled(page);
    await Promise.all(bodies);
  });
  const bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  assert.ok(sizes.size > 1 && bytes <= 250_000, `${sizes.size} files of ${bytes} bytes`);
});
