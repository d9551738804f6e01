/** What the payload's tree needs to know of JSON. */

export type Entry = readonly [key: string, value: unknown];

export function isBranch(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Of a list, places and items. */
export function entriesOf(value: object): Entry[] {
  return Object.entries(value);
}

/** Whether it has no more values than these: then all of it is shown at once. */
export function hasAtMost(value: unknown, most: number): boolean {
  let count = 0;
  let level: unknown[] = [value];
  while (level.length > 0) {
    count += level.length;
    if (count > most) return false;
    level = level.filter(isBranch).flatMap((one) => Object.values(one) as unknown[]);
  }
  return true;
}

/** JSON as somebody reads it; a text alone as it is. Too deep to be written out, it says so. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  try {
    return JSON.stringify(value, null, 2);
  } catch {
    return 'This value is nested too deeply to be copied from here.';
  }
}

/** As the list's filter takes it: `items.0.sku`. */
export function toPath(keys: readonly string[]): string {
  return keys.join('.');
}

/** @param paths dotted, `*` for any key; null: all of it may be personal */
export function isPersonal(keys: readonly string[], paths: readonly string[] | null): boolean {
  if (paths === null) return false;
  return paths.some((path) => {
    const steps = path.split('.');
    return steps.length === keys.length && steps.every((step, n) => step === '*' || step === keys[n]);
  });
}
