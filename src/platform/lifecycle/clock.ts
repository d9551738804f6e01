/** The time, as an argument: code that asks for it can be tested at any moment. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now: () => number;
}

export const systemClock: Clock = { now: () => Date.now() };
