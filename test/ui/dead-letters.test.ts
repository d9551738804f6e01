/** What an operator came for: to see what died, and to mend it. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser } from '@playwright/test';
import { sql } from 'kysely';
import type { DeadLetterId } from '../../contract/ids.ts';
import { makeDeadLetter, makeDeadLetters, type MakeDeadLetter } from '../factories/dead-letters.ts';
import { expect, openBrowser, PHONE, visit } from '../helpers/browser.ts';
import { eventually } from '../helpers/eventually.ts';
import { deadLetter } from './pages/dead-letter.ts';
import { deadLetters } from './pages/dead-letters.ts';
import { type Running, startProduct } from './running.ts';

let product: Running;
let browser: Browser;
let session = '';
before(async () => {
  [product, browser] = await Promise.all([startProduct(), openBrowser()]);
  ({ session } = await product.signedIn('admin'));
});
after(async () => {
  await browser.close();
  await product.stop();
});

/** A mail that was not sent, as the queue would take it again. */
function mail(to: string, given: MakeDeadLetter = {}): MakeDeadLetter {
  const payload = { to, template: 'welcome' };
  return { queueName: 'email_send', jobName: 'send_email', payload, failedAt: new Date(), ...given };
}
const mailTo = (to: string) =>
  eventually(() => product.smtp.messages().find((message) => message.to.includes(to)), {
    what: `the mail to ${to}`,
    timeoutMs: 30_000,
  });
const started = () => ({ url: product.url, session });

test('at 3 a.m. on a phone: what is broken, two taps to the button that mends it, and it recovers', async () => {
  await product.smtp.break('refuse');
  const people = ['ann', 'ben', 'cem'].map((name) => `${name}@night.example`);
  for (const email of people) {
    const body = { niche: 'vps-hosting', contact_name: 'Night', email, phone: '+44 20 7946 0018' };
    const answer = await fetch(`${product.url}/api/v1/leads`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    assert.equal(answer.status, 201);
  }
  await visit(browser, { ...started(), viewport: PHONE, theme: 'dark' }, async (page) => {
    await page.goto('/');
    const trouble = page.getByRole('list', { name: 'What needs you' }).getByRole('listitem');
    const mails = trouble.filter({ hasText: 'email_send' });
    await expect(mails).toContainText('3 jobs died in the last hour; 3 dead letters unresolved');
    await product.smtp.mend();
    await mails.getByRole('link').tap();
    await deadLetters(page).group('SMTP').first().tap();
    await deadLetters(page).doAll('Retry 3 jobs', { reason: 'the mail server is back' });
    for (const to of people) await mailTo(to);
    await expect(deadLetters(page).operations).toContainText('3 jobs done');
    await page.getByRole('link', { name: 'fmhl' }).tap();
    await expect(page.getByText('Nothing needs you', { exact: true })).toBeVisible();
  });
});

describe('one dead letter', () => {
  test('is retried, and the page tells what became of the new job', async () => {
    const id = await makeDeadLetter(product.db, mail('once@example.com'));
    await visit(browser, started(), async (page) => {
      await deadLetter(page).open(id);
      await deadLetter(page).retry();
      await mailTo('once@example.com');
      await expect(deadLetter(page).state).toContainText('the new job succeeded');
      await expect(deadLetter(page).section('Story')).toContainText('Retried by');
    });
    assert.equal(product.smtp.messages().filter(({ to }) => to.includes('once@example.com')).length, 1);
  });

  test('is edited: what the queue refuses is said where it stands, and the new job has what was reviewed', async () => {
    const id = await makeDeadLetter(product.db, mail('tyop@example.com'));
    await visit(browser, { ...started(), expected: /status of 400/ }, async (page) => {
      const entry = deadLetter(page);
      await entry.open(id);
      await expect(page.getByText('tyop@example.com'), 'masked').toHaveCount(0);
      await entry.edit();
      await expect(entry.editor).toContainText('tyop@example.com');
      await entry.write('{"to": "no address", "template": "welcome"}');
      await entry.review();
      await entry.send('the address was wrong');
      await expect(page.getByText('The queue does not take this payload')).toBeVisible();
      await expect(entry.editor.locator('.cm-lintRange-error'), 'marked').toHaveText('"no address"');
      await entry.write('{"to": "typo@example.com", "template": "welcome"}');
      await entry.review();
      const changes = page.getByRole('textbox', { name: 'Changes of the payload' });
      await expect(changes).toContainText('tyop@example.com');
      await expect(changes).toContainText('typo@example.com');
      await entry.send('the address was wrong');
      await mailTo('typo@example.com');
      await expect(entry.state).toContainText('the new job succeeded');
      await expect(entry.section('Story')).toContainText('the address was wrong');
    });
    assert.equal(
      product.smtp.messages().some(({ to }) => to.includes('tyop@example.com')),
      false,
    );
  });

  test('that is resolved with a reason can be reopened with another, and both stay on record', async () => {
    const id = await makeDeadLetter(product.db, mail('discarded@example.com'));
    await visit(browser, started(), async (page) => {
      const entry = deadLetter(page);
      await entry.open(id);
      await entry.resolve('sent by hand');
      await expect(entry.state).toContainText('discarded by');
      assert.equal(await isResolved(id), true);
      await entry.reopen('it was not');
      await expect(entry.state).toHaveText('unresolved');
      assert.equal(await isResolved(id), false);
      for (const reason of ['sent by hand', 'it was not'])
        await expect(entry.section('Story')).toContainText(reason);
    });
  });

  test('shows HTML and script in payload, error and trace as text, and runs none of it', async () => {
    const evil = `<img src="/x" onerror="document.title='owned'"><script>document.title='owned'</script>`;
    const link = 'javascript:document.title="owned"';
    const id = await makeDeadLetter(product.db, {
      ...mail('evil@example.com'),
      queueName: 'report_export',
      payload: { [evil]: evil, link, deep: [{ '</script>': '\u202egpj.exe' }] },
      errorMessage: evil,
      stackTrace: `Error: ${evil}\n    at ${evil} (/app/src/send.ts:1:1)`,
      jobName: evil.slice(0, 60),
    });
    await visit(browser, { ...started(), theme: 'dark' }, async (page) => {
      const list = deadLetters(page);
      await list.open('?queue=report_export');
      await expect(list.rows(evil)).toHaveCount(1);
      await list.openGroup('<script>document.title=');
      await list.rows(evil).getByRole('link').click();
      await expect(page.getByRole('heading', { level: 1 })).toHaveText(evil);
      for (const part of [evil, link, '</script>'])
        await expect(deadLetter(page).section('Payload')).toContainText(part);
      await expect(deadLetter(page).section('Stack trace')).toContainText(evil);
      await expect(page.locator('img, main script, a[href^="javascript:"]')).toHaveCount(0);
      await expect(page).not.toHaveTitle('owned');
    });
    await sql`UPDATE dead_letter_queue SET resolved = TRUE, resolved_at = now(), resolution = 'discarded',
               resolved_by = gen_random_uuid() WHERE id = ${id}`.execute(product.db);
  });
});

describe('the list', () => {
  test('has its filter in the address: shared, reloaded and gone back to, it is the same', async () => {
    await makeDeadLetters(product.db, [
      mail('a@example.com', { errorMessage: 'Quota of alpha is used up' }),
      mail('b@example.com', { errorMessage: 'Quota of beta is used up', queueName: 'lead_distribution' }),
      mail('c@example.com', { errorMessage: 'Quota of gamma is used up', resolution: 'discarded' }),
    ]);
    await visit(browser, started(), async (page) => {
      const list = deadLetters(page);
      const shows = async (...words: string[]): Promise<void> => {
        for (const word of ['alpha', 'beta', 'gamma'])
          await expect(list.rows(`Quota of ${word}`)).toHaveCount(words.includes(word) ? 1 : 0);
      };
      await list.open('?error=Quota of');
      await shows('alpha', 'beta');
      await page.getByRole('combobox', { name: 'State' }).click();
      await page.getByRole('option', { name: 'Resolved or not' }).click();
      await shows('alpha', 'beta', 'gamma');
      await page.getByRole('combobox', { name: 'Queue' }).click();
      await page.getByRole('option', { name: 'email_send' }).click();
      await shows('alpha', 'gamma');
      const { search } = new URL(page.url());
      assert.deepEqual(Object.fromEntries(new URLSearchParams(search)), {
        error: 'Quota of',
        resolved: 'all',
        queue: 'email_send',
      });
      await page.reload();
      await shows('alpha', 'gamma');
      await list.rows('Quota of gamma').getByRole('link').click();
      await expect(page.getByRole('heading', { level: 1, name: 'Quota of gamma is used up' })).toBeVisible();
      await page.goBack();
      await shows('alpha', 'gamma');
      await page.getByRole('button', { name: 'Remove the filter: queue email_send' }).click();
      await shows('alpha', 'beta', 'gamma');
    });
  });

  test('is worked by keys alone: search, walk, select, retry, open, retry, resolve, leave', async () => {
    await makeDeadLetters(
      product.db,
      ['one', 'two', 'three', 'four'].map((name, index) =>
        mail(`${name}@keys.example`, {
          errorMessage: `Keyboard trouble ${name}`,
          failedAt: new Date(Date.now() - index * 60_000),
        }),
      ),
    );
    await visit(browser, started(), async (page) => {
      const list = deadLetters(page);
      const press = async (...all: string[]): Promise<void> => {
        for (const key of all) await page.keyboard.press(key);
      };
      await page.goto('/');
      await expect(page.getByRole('heading', { level: 1 })).toBeFocused();
      await press('d');
      await expect(page.getByRole('heading', { level: 1, name: 'Dead letters' })).toBeVisible();
      await press('/');
      await expect(page.getByRole('searchbox')).toBeFocused();
      await page.keyboard.type('Keyboard trouble');
      await press('Enter');
      await expect(list.rows('Keyboard trouble')).toHaveCount(4);
      await press('j', 'j');
      await expect(list.focused).toContainText('trouble two');
      await press('k');
      await expect(list.focused).toContainText('trouble one');
      await press('r');
      await mailTo('one@keys.example');
      await press('j', 'x', 'j', 'x');
      await expect(page.getByRole('region', { name: 'Selection' })).toContainText('2 selected');
      await press('j', 'Enter');
      await expect(page.getByRole('heading', { level: 1, name: 'trouble four' })).toBeVisible();
      await expect(deadLetter(page).button('Resolve')).toBeVisible();
      await press('?');
      await expect(page.getByRole('dialog', { name: 'Keys' })).toContainText('Resolve it without a retry');
      await press('Escape');
      await expect(page.getByRole('dialog')).toBeHidden();
      await press('e');
      await expect(page.getByLabel('Reason')).toBeFocused();
      await page.keyboard.type('done by keys');
      await press('Tab', 'Tab', 'Enter');
      await expect(page.getByRole('dialog')).toBeHidden();
      await expect(deadLetter(page).state).toContainText('discarded');
      await press('ControlOrMeta+k');
      await expect(page.getByRole('textbox', { name: 'Go to, or do' })).toBeFocused();
      await page.keyboard.type('Settings');
      await press('ArrowDown', 'Enter');
      await expect(page.getByRole('heading', { level: 1, name: 'Settings' })).toBeVisible();
    });
  });
});

async function isResolved(id: DeadLetterId): Promise<boolean | undefined> {
  const { rows } = await sql<{ resolved: boolean }>`
    SELECT resolved FROM dead_letter_queue WHERE id = ${id}`.execute(product.db);
  return rows[0]?.resolved;
}
