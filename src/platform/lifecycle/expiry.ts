/** One limit of time for many things at once. */
import { performance } from 'node:perf_hooks';

/** What is watched; it carries its place, so that a watch and its end cost next to nothing. */
export interface Timed {
  /** When it began, on the clock of `performance.now()`. */
  readonly startedMs: number;
  /** Where it stands among the watched; -1 while it does not. Belongs to the watch. */
  place: number;
}

export interface Expiry<T extends Timed> {
  /** Watches an item that has just begun. */
  add: (item: T) => void;
  /** Watches an item no more; one that is not watched is left alone. */
  delete: (item: T) => void;
  /** Those that are watched, in no order. */
  items: () => readonly T[];
}

/**
 * Calls `expire` for every item that is still there `ms` after it began, and forgets it.
 *
 * One timer for all: a timer for each, or a Set of them, would cost more than a short job does (2 µs of it for
 * the Set, `npm run bench:overhead`). It keeps the process alive as long as anything is watched.
 */
export function createExpiry<T extends Timed>(ms: number, expire: (item: T) => void): Expiry<T> {
  const items: T[] = [];
  let timer: NodeJS.Timeout | undefined;

  const remove = (item: T): void => {
    if (item.place < 0) return;
    const last = items.pop();
    if (last !== undefined && last !== item) {
      items[item.place] = last;
      last.place = item.place;
    }
    item.place = -1;
    if (items.length === 0) timer?.unref();
  };
  const look = (): void => {
    timer = undefined;
    const begunBefore = performance.now() - ms;
    const late = items.filter(({ startedMs }) => startedMs <= begunBefore);
    late.forEach(remove);
    const oldest = items.reduce((least, { startedMs }) => Math.min(least, startedMs), Infinity);
    if (oldest < Infinity) wait(oldest - begunBefore);
    // Last, as it may add others.
    late.forEach(expire);
  };
  const wait = (forMs: number): void => {
    timer = setTimeout(look, forMs);
  };
  return {
    add: (item) => {
      item.place = items.push(item) - 1;
      if (timer === undefined) wait(ms);
      else if (items.length === 1) timer.ref();
    },
    delete: remove,
    items: () => [...items],
  };
}
