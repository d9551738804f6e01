/** The server goes away under an open page, and comes back. */
import { after, before, test } from 'node:test';
import type { Browser } from '@playwright/test';
import { makeDeadLetter } from '../factories/dead-letters.ts';
import { expect, openBrowser, visit } from '../helpers/browser.ts';
import { deadLetters } from './pages/dead-letters.ts';
import { type Running, startProduct } from './running.ts';

let product: Running;
let browser: Browser;
before(async () => {
  [product, browser] = await Promise.all([startProduct(['api']), openBrowser()]);
});
after(async () => {
  await browser.close();
  await product.stop();
});

test('a restart of the server shows a banner, keeps the page, and heals without a reload', async () => {
  await makeDeadLetter(product.db, { errorMessage: 'The one before', failedAt: new Date() });
  const { session } = await product.signedIn('operator');
  const expected = /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ERR_SOCKET_NOT_CONNECTED/;
  await visit(browser, { url: product.url, session, expected }, async (page) => {
    const list = deadLetters(page);
    await list.open();
    await expect(list.rows('The one before')).toHaveCount(1);
    await product.end();
    const banner = page.getByRole('alert').filter({ hasText: 'The server does not answer' });
    await expect(banner).toBeVisible();
    await expect(list.rows('The one before'), 'what was there stays').toHaveCount(1);
    await makeDeadLetter(product.db, { errorMessage: 'The one after', failedAt: new Date() });
    await product.again();
    await expect(banner).toBeHidden();
    await expect(list.rows('The one after')).toHaveCount(1);
  });
});
