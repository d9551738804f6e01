/** What every page is held to, in any theme and at any width. */
import assert from 'node:assert/strict';
import type { Page } from '@playwright/test';
import axe, { type AxeResults } from 'axe-core';
import { expect } from '../helpers/browser.ts';

/** Everything that was asked for is there. */
export async function settled(page: Page): Promise<void> {
  await expect(page.getByRole('heading').first()).toBeVisible();
  await expect(page.locator('[aria-busy="true"]')).toHaveCount(0);
  await page.waitForLoadState('networkidle');
}

/**
 * WCAG 2.2 AA and the good practice that axe knows; each violation is told with the elements that have it.
 * @param colours the dearest rule by far, and the same at any width
 */
export async function hasNoAxeViolations(page: Page, what: string, { colours = true } = {}): Promise<void> {
  // Runs beside the page's content security policy; a script element would be refused by it.
  await page.evaluate(axe.source);
  const options = { resultTypes: ['violations'], rules: { 'color-contrast': { enabled: colours } } };
  const { violations } = await page.evaluate<AxeResults>(`axe.run(document, ${JSON.stringify(options)})`);
  const told = violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${help}\n  ${html}\n  ${failureSummary ?? ''}`),
  );
  if (told.length > 0) throw new Error(`${what}:\n${told.join('\n')}`);
}

/** Colours change at once, so that no audit meets them half-way. */
export async function stopTransitions(page: Page): Promise<void> {
  await page.addStyleTag({ content: '*, ::before, ::after { transition: none !important }' });
}

export async function doesNotScrollSideways(page: Page, what: string): Promise<void> {
  const [content, window] = await page.evaluate<[number, number]>(
    '[document.documentElement.scrollWidth, document.documentElement.clientWidth]',
  );
  assert.ok(content <= window, `${what} is ${content} px wide in a window of ${window} px`);
}
