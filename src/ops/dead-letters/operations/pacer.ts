import type { Clock } from '../../../platform/lifecycle/clock.ts';

/** Keeps an operation to its rate. */
export interface Pacer {
  /** How many entries may be worked on now. */
  due: () => number;
  /** Notes that so many were. */
  spent: (count: number) => void;
}

/**
 * What a batch that came late may make up for, in milliseconds: enough for a busy machine to keep the rate,
 * too little for a burst after a stop.
 */
const CATCH_UP_MS = 500;

/** Begins with nothing due: a time in which nobody worked, before a restart, is not made up for. */
export function createPacer(perSecond: number, clock: Clock): Pacer {
  const most = Math.max((perSecond * CATCH_UP_MS) / 1000, 1);
  let due = 0;
  let lastMs = clock.now();
  return {
    due: () => {
      const now = clock.now();
      // A clock that was set back gives nothing.
      due = Math.min(due + (Math.max(now - lastMs, 0) * perSecond) / 1000, most);
      lastMs = now;
      // What floating point leaves short of a whole one is a whole one.
      return Math.floor(due + 1e-6);
    },
    spent: (count) => {
      due -= count;
    },
  };
}
