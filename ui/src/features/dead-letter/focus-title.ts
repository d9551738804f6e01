/** After the button that had the focus is gone, it goes to the title, where reading goes on. */
export function focusTitle(): void {
  requestAnimationFrame(() => document.querySelector<HTMLElement>('main h1')?.focus({ preventScroll: true }));
}
