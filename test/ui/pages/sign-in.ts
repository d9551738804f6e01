import type { Page } from '@playwright/test';
import { codeAt, type TestUser } from '../../helpers/access.ts';
import { expect } from '../../helpers/browser.ts';

/** The form that stands before every page, and over it when a session has ended. */
export function signIn(page: Page) {
  const button = (name: string) => page.getByRole('button', { name, exact: true });
  const code = async (text: string, verb: string): Promise<void> => {
    await page.getByLabel('Code', { exact: true }).fill(text);
    await button(verb).click();
  };
  return {
    isAsked: () => expect(button('Sign in')).toBeVisible(),
    password: async ({ email, password }: Pick<TestUser, 'email' | 'password'>): Promise<void> => {
      await page.getByRole('textbox', { name: 'Email' }).fill(email);
      await page.getByLabel('Password', { exact: true }).fill(password);
      await button('Sign in').click();
    },
    code: (text: string) => code(text, 'Go on'),
    /** The code of this moment, of a user with MFA. */
    currentCode: ({ totpSecret }: Pick<TestUser, 'totpSecret'>) =>
      code(codeAt(totpSecret ?? '', Date.now()), 'Go on'),
    /** Reads the secret off the page, as who can't scan the QR code does, and proves it. */
    enrol: async (): Promise<string> => {
      await expect(page.getByRole('img', { name: 'QR code of the secret' })).toBeVisible();
      const address = await page.getByRole('link', { name: 'Open in an app' }).getAttribute('href');
      const secret = new URL(address ?? '').searchParams.get('secret') ?? '';
      await expect(page.getByText(secret.match(/.{1,4}/g)?.join(' ') ?? '')).toBeVisible();
      await code(codeAt(secret, Date.now()), 'Confirm the authenticator');
      return secret;
    },
    /** The codes that are shown once, kept. */
    keepRecoveryCodes: async (): Promise<string[]> => {
      await expect(page.getByRole('heading', { name: 'Your recovery codes' })).toBeVisible();
      const codes = await page.getByRole('main').getByRole('listitem').allInnerTexts();
      await button('I have kept them').click();
      return codes;
    },
  };
}
