/** Getting in: the first admin, password and second factor, and a session that ends under an open page. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser } from '@playwright/test';
import { sql } from 'kysely';
import { makeDeadLetter } from '../factories/dead-letters.ts';
import { makeUser } from '../helpers/access.ts';
import { expect, openBrowser, PHONE, visit } from '../helpers/browser.ts';
import { signIn } from './pages/sign-in.ts';
import { type Running, startProduct } from './running.ts';

let product: Running;
let browser: Browser;
before(async () => {
  [product, browser] = await Promise.all([startProduct(), openBrowser()]);
});
after(async () => {
  await browser.close();
  await product.stop();
});

const REFUSED = /status of 401/;

describe('signing in', () => {
  test('the printed token makes the first admin, who sets MFA up and gets recovery codes, once', async () => {
    const token = /^ {4}([\w-]{20,})$/m.exec(product.banner())?.[1] ?? '';
    const admin = { email: 'first@example.com', password: 'correct horse battery' };
    let codes: string[] = [];
    await visit(browser, { url: product.url, expected: REFUSED, viewport: PHONE }, async (page) => {
      await page.goto('/');
      await page.getByRole('link', { name: 'First start?' }).click();
      await page.getByLabel('Set-up token').fill(token);
      await page.getByLabel('Email').fill(admin.email);
      await page.getByLabel('Password', { exact: true }).fill('too short');
      await page.getByRole('button', { name: 'Make the admin' }).click();
      await expect(page.getByText('At least 12 characters', { exact: true })).toBeVisible();
      await page.getByLabel('Password', { exact: true }).fill(admin.password);
      await page.getByRole('button', { name: 'Make the admin' }).click();
      await signIn(page).enrol();
      codes = await signIn(page).keepRecoveryCodes();
      assert.equal(codes.length, 10);
      await expect(page).toHaveURL('/');
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    });
    await visit(browser, { url: product.url, expected: REFUSED }, async (page) => {
      await page.goto('/settings');
      await signIn(page).password(admin);
      await page.getByRole('button', { name: 'Use a recovery code' }).click();
      await page.getByLabel('Recovery code').fill(codes[0] ?? '');
      await page.getByRole('button', { name: 'Go on' }).click();
      await expect(page.getByRole('heading', { level: 1, name: 'Settings' })).toBeVisible();
    });
  });

  test('password, then a code; what is wrong is refused without a word about which', async () => {
    const user = await makeUser(product.db, 'operator');
    await visit(browser, { url: product.url, expected: REFUSED }, async (page) => {
      await page.goto('/dead-letters?queue=email_send');
      await signIn(page).password({ ...user, password: 'a wrong pass phrase' });
      await expect(page.getByRole('alert')).toContainText('Email or password is wrong');
      await signIn(page).password(user);
      await signIn(page).code('000000');
      await expect(page.getByRole('alert')).toContainText('This code was not taken');
      await signIn(page).currentCode(user);
      await expect(page.getByRole('heading', { level: 1, name: 'Dead letters' })).toBeVisible();
      await expect(page, 'where one wanted to go').toHaveURL('/dead-letters?queue=email_send');
    });
  });

  test('nobody reaches a page that their role may not see', async () => {
    const { session } = await product.signedIn('provider');
    await visit(browser, { url: product.url, session, expected: /status of 403/ }, async (page) => {
      await page.goto('/');
      await expect(page.getByRole('navigation').getByRole('link').first()).toBeVisible();
      const links = await page.getByRole('navigation', { name: 'Pages' }).getByRole('link').allInnerTexts();
      assert.deepEqual(links, ['Inbox', 'Settings']);
      await page.goto('/dead-letters');
      await expect(page.getByText('You may not do this').first()).toBeVisible();
    });
  });

  test('when a session ends under an open page, the page stays and goes on after signing in again', async () => {
    const { user, session } = await product.signedIn('admin');
    const id = await makeDeadLetter(product.db, { queueName: 'email_send', jobName: 'send_email' });
    await visit(browser, { url: product.url, session, expected: REFUSED }, async (page) => {
      await page.goto(`/dead-letters/${id}`);
      await page.getByRole('button', { name: 'Resolve', exact: true }).click();
      await page.getByLabel('Reason').fill('written before the session ended');
      await sql`DELETE FROM sessions WHERE user_id = ${user.id}`.execute(product.db);
      await page.getByRole('dialog').getByRole('button', { name: 'Resolve', exact: true }).click();
      await expect(page.getByText('Your session has ended')).toBeVisible();
      await signIn(page).password(user);
      await signIn(page).currentCode(user);
      await expect(page.getByText('Your session has ended')).toBeHidden();
      await expect(page).toHaveURL(`/dead-letters/${id}`);
      await expect(page.getByLabel('Reason'), 'what was written').toHaveValue(
        'written before the session ended',
      );
      await page.getByRole('dialog').getByRole('button', { name: 'Resolve', exact: true }).click();
      await expect(page.getByRole('button', { name: 'Reopen' })).toBeVisible();
    });
  });
});
