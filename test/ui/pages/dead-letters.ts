import type { Page } from '@playwright/test';
import { expect } from '../../helpers/browser.ts';

/** The list of dead letters, its groups, and what is done to many at once. */
export function deadLetters(page: Page) {
  const table = page.getByRole('table', { name: 'Dead letters' });
  const groups = page.getByRole('region', { name: 'Groups' });
  const dialog = page.getByRole('dialog');
  return {
    table,
    /** The rows on screen that hold a text. */
    rows: (text: string) => table.getByRole('row').filter({ hasText: text }),
    groups,
    group: (message: string) => groups.getByRole('link').filter({ hasText: message }),
    open: async (search = ''): Promise<void> => {
      await page.goto(`/dead-letters${search}`);
      await expect(page.getByRole('heading', { level: 1, name: 'Dead letters' })).toBeVisible();
    },
    openGroup: async (message: string): Promise<void> => {
      await groups.getByRole('link').filter({ hasText: message }).first().click();
      await expect(page.getByRole('region', { name: 'This group' })).toContainText(message);
    },
    /** The row that keys act on. */
    focused: table.locator('tr[data-focused="true"]'),
    /** Presses a button such as "Retry 412 jobs", says why, and how fast. */
    doAll: async (verb: string, { reason, rate }: { reason: string; rate?: number }): Promise<void> => {
      await page.getByRole('button', { name: verb, exact: true }).first().click();
      await expect(dialog, 'states how many').toContainText(verb);
      if (rate !== undefined) await dialog.getByLabel('Jobs a second, at most').fill(String(rate));
      await dialog.getByLabel('Reason').fill(reason);
      await dialog.getByRole('button', { name: verb, exact: true }).click();
      await expect(dialog).toBeHidden();
    },
    /** The panel of operations under way. */
    operations: page.getByRole('complementary', { name: 'Operations' }),
  };
}
