/** Thousands of dead letters at once: how far it is, and how to stop it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from '@playwright/test';
import { sql } from 'kysely';
import { makeDeadLetters } from '../factories/dead-letters.ts';
import { expect, openBrowser, visit } from '../helpers/browser.ts';
import { deadLetters } from './pages/dead-letters.ts';
import { type Running, startProduct } from './running.ts';

const MANY = 5_000;
/** Slow enough to be stopped by hand, fast enough not to be waited for. */
const RATE = 250;

let product: Running;
let browser: Browser;
before(async () => {
  // Without a worker: what is counted here is what was retried, not what became of it.
  [product, browser] = await Promise.all([startProduct(['api', 'housekeeping']), openBrowser()]);
  await makeDeadLetters(
    product.db,
    Array.from({ length: MANY }, (_, n) => ({
      queueName: 'email_send',
      jobName: 'send_email',
      payload: { to: `person.${n}@example.com`, template: 'welcome' },
      errorMessage: 'SMTP: connection refused',
      failedAt: new Date(Date.now() - n),
    })),
  );
});
after(async () => {
  await browser.close();
  await product.stop();
});

async function unresolved(): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    SELECT count(*)::int AS count FROM dead_letter_queue WHERE NOT resolved`.execute(product.db);
  return rows[0]?.count ?? Number.NaN;
}

test('a group of 5,000 is retried at a rate, shows how far it is, is stopped, and the rest goes later', async () => {
  const { session } = await product.signedIn('operator');
  await visit(browser, { url: product.url, session }, async (page) => {
    const list = deadLetters(page);
    await list.open();
    await list.openGroup('SMTP: connection refused');
    await list.doAll('Retry 5,000 jobs', { reason: 'the mail server is back', rate: RATE });
    const panel = list.operations;
    await expect(panel).toContainText(/[1-9][\d,]* of 5,000 · .* a second · about .* left/);
    await panel.getByRole('button', { name: 'Stop' }).click();
    await expect(panel).toContainText('cancelled');
    const left = await unresolved();
    assert.ok(left > 0 && left < MANY, `${left} are left of ${MANY}`);

    const rest = `Retry ${left.toLocaleString('en')} jobs`;
    await expect(page.getByRole('region', { name: 'This group' })).toContainText(rest);
    await list.doAll(rest, { reason: 'the mail server is back for good' });
    await expect(panel).toContainText(`${left.toLocaleString('en')} jobs done`, { timeout: 60_000 });
    await expect(page.getByText('No entry matches')).toBeVisible();
    assert.equal(await unresolved(), 0);

    await panel.getByRole('link', { name: 'Retry 5,000 jobs' }).click();
    await expect(page.getByRole('heading', { level: 1, name: 'Retry 5,000 jobs' })).toBeVisible();
    await expect(page.getByRole('main')).toContainText('the mail server is back');
  });
});
