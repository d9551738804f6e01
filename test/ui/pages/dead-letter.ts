import type { Page } from '@playwright/test';
import { expect } from '../../helpers/browser.ts';

/** One dead letter. */
export function deadLetter(page: Page) {
  const button = (name: string) => page.getByRole('button', { name, exact: true });
  const dialog = page.getByRole('dialog');
  const editor = page.getByRole('textbox', { name: 'Payload as JSON' });
  const giveReason = async (verb: string, reason: string): Promise<void> => {
    await dialog.getByLabel('Reason').fill(reason);
    await dialog.getByRole('button', { name: verb, exact: true }).click();
    await expect(dialog).toBeHidden();
  };
  return {
    button,
    editor,
    section: (name: string) => page.getByRole('region', { name, exact: true }),
    /** "retried by …; the new job succeeded" */
    state: page.getByRole('main').getByRole('status').first(),
    open: async (id: string): Promise<void> => {
      await page.goto(`/dead-letters/${id}`);
      await expect(page.getByRole('region', { name: 'Payload' })).toBeVisible();
    },
    retry: () => button('Retry').click(),
    resolve: async (reason: string): Promise<void> => {
      await button('Resolve').click();
      await giveReason('Resolve', reason);
    },
    reopen: async (reason: string): Promise<void> => {
      await button('Reopen').click();
      await giveReason('Reopen', reason);
    },
    /** Opens the editor; personal fields are seen first. */
    edit: async (): Promise<void> => {
      await button('Edit & retry').click();
      await button('Show personal fields and edit').click();
      await expect(editor).toBeVisible();
    },
    /** What stands in the editor is replaced. */
    write: async (text: string): Promise<void> => {
      await editor.press('ControlOrMeta+a');
      await page.keyboard.insertText(text);
    },
    review: () => button('Review the changes').click(),
    send: async (reason: string): Promise<void> => {
      await page.getByLabel('Reason').fill(reason);
      await button('Retry with these changes').click();
    },
  };
}
