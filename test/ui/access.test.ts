/** Who may get in, and with what: users, API tokens, and one's own sessions, password and recovery codes. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Page } from '@playwright/test';
import { sql } from 'kysely';
import { codeAt, makeUser, sessionFor, type TestUser } from '../helpers/access.ts';
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

const REFUSED = /status of 40[139]/;

/** The dialog that wants password and code once more. */
function confirmation(page: Page) {
  const dialog = page.getByRole('dialog', { name: 'Is it you?' });
  return {
    dialog,
    give: async (user: TestUser, password = user.password): Promise<void> => {
      await dialog.getByLabel('Password', { exact: true }).fill(password);
      await dialog.getByLabel('Code', { exact: true }).fill(codeAt(user.totpSecret ?? '', Date.now()));
      await dialog.getByRole('button', { name: 'Confirm and go on' }).click();
    },
  };
}

async function ask(page: Page, user: Pick<TestUser, 'email'>, action: string): Promise<void> {
  await page.getByRole('button', { name: `Actions for ${user.email}` }).click();
  await page.getByRole('menuitem', { name: action }).click();
}

async function countUsers(email: string): Promise<number> {
  const { rows } = await sql`SELECT 1 FROM users WHERE email = ${email}`.execute(product.db);
  return rows.length;
}

test('a dangerous action asks once for password and code, and then goes on; who leaves it changes nothing', async () => {
  const { user: admin, session } = await product.signedIn('admin');
  const email = 'new.colleague@example.com';
  await visit(browser, { url: product.url, session, expected: REFUSED, viewport: PHONE }, async (page) => {
    await page.goto('/users');
    await page.getByRole('button', { name: 'Make a user' }).click();
    const form = page.getByRole('dialog', { name: 'Make a user' });
    await form.getByLabel('Email').fill(email);
    await form.getByLabel('operator').check();
    await form.getByRole('button', { name: 'Make one' }).click();
    await form.getByLabel('Reason').fill('a new colleague on call');
    const make = form.getByRole('button', { name: 'Make an operator' });
    await make.click();
    await expect(confirmation(page).dialog).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(form.getByRole('alert')).toContainText('Not confirmed, so nothing was done');
    assert.equal(await countUsers(email), 0);

    await make.click();
    await confirmation(page).give(admin, 'a wrong pass phrase');
    await expect(confirmation(page).dialog.getByRole('alert')).toContainText('was not taken');
    await confirmation(page).give(admin);
    await expect(page.getByText(`${email} can sign in now`)).toBeVisible();
    assert.equal(await countUsers(email), 1);
    // Within the ten minutes nobody is asked again.
    await ask(page, { email }, 'Disable…');
    await page.getByLabel('Reason').fill('it was only a trial');
    await page.getByRole('button', { name: 'Disable and end sessions' }).click();
    await expect(page.getByText(`${email} is disabled`)).toBeVisible();
  });
});

test('the last admin who can sign in stays one, and the page says what stands in the way', async () => {
  await sql`UPDATE users SET disabled_at = now() WHERE role = 'admin'`.execute(product.db);
  const admin = await makeUser(product.db, 'admin');
  const session = await sessionFor(product.db, admin, { confirmed: true });
  await visit(browser, { url: product.url, session, expected: REFUSED }, async (page) => {
    await page.goto('/users');
    await ask(page, admin, 'Change role…');
    await page.getByLabel('viewer').check();
    await page.getByLabel('Reason').fill('no more of this');
    await page.getByRole('button', { name: 'Change role' }).click();
    await expect(page.getByRole('alert')).toContainText('no admin would be left who can sign in');
  });
});

test('an API token is shown once, opens what it was given and nothing else, and is refused once revoked', async () => {
  const user = await makeUser(product.db, 'operator');
  const session = await sessionFor(product.db, user, { confirmed: true });
  await visit(browser, { url: product.url, session }, async (page) => {
    await page.goto('/users');
    await expect(page.getByRole('tab', { name: 'Users' }), 'users are for admins').toBeHidden();
    await page.getByRole('button', { name: 'Make a token' }).click();
    await page.getByLabel('Name').fill('nightly report');
    await page.getByLabel('See dead letters').check();
    await page.getByLabel('Reason').fill('counts what died at night');
    await page.getByRole('button', { name: 'Make a token with 1 permission' }).click();
    const secret = (await page.getByText(/^fmhl_/).innerText()).trim();
    const status = async (path: string) => {
      const headers = { authorization: `Bearer ${secret}` };
      return (await fetch(`${product.url}/api/v1/admin/${path}`, { headers })).status;
    };
    assert.equal(await status('queues/dlq'), 200);
    assert.equal(await status('audit'), 403);
    await page.getByRole('button', { name: 'I have kept it' }).click();
    await expect(page.getByText(/fmhl_/)).toBeHidden();

    await page.getByRole('button', { name: 'Revoke nightly report' }).click();
    await page.getByLabel('Reason').fill('the report is gone');
    await page.getByRole('button', { name: 'Revoke token' }).click();
    await expect(page.getByText('No API tokens')).toBeVisible();
    assert.equal(await status('queues/dlq'), 401);
  });
});

test('in Settings one ends other sessions, changes the password, and has new recovery codes', async () => {
  const user = await makeUser(product.db, 'viewer');
  const other = await sessionFor(product.db, user);
  const session = await sessionFor(product.db, user, { confirmed: true });
  const next = 'another pass phrase';
  await visit(browser, { url: product.url, session, expected: REFUSED }, async (page) => {
    await page.goto('/settings');
    await page.getByRole('button', { name: 'End 1 other session' }).click();
    await expect(page.getByText('1 other session ended')).toBeVisible();
    const headers = { authorization: `Bearer ${other}` };
    assert.equal((await fetch(`${product.url}/api/v1/auth/me`, { headers })).status, 401);

    await page.getByRole('button', { name: 'Make new recovery codes' }).click();
    await expect(page.getByRole('dialog').getByRole('listitem')).toHaveCount(10);
    await page.getByRole('button', { name: 'I have kept them' }).click();
    await expect(page.getByText('10 recovery codes left')).toBeVisible();

    await page.getByLabel('Current password', { exact: true }).fill('not this one');
    await page.getByLabel('New password', { exact: true }).fill(next);
    await page.getByRole('button', { name: 'Change password' }).click();
    await expect(page.getByText('The current password was not taken')).toBeVisible();
    await page.getByLabel('Current password', { exact: true }).fill(user.password);
    await page.getByRole('button', { name: 'Change password' }).click();
    await expect(page.getByText('Password changed')).toBeVisible();

    await page.getByRole('button', { name: `Account of ${user.email}` }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await signIn(page).password({ email: user.email, password: next });
    await signIn(page).currentCode(user);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  });
});
