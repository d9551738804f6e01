/** Chance that can be repeated: the same seed gives the same numbers. */
export interface Random {
  /** From 0 (included) to 1 (excluded). */
  next: () => number;
  /** A whole number, both ends included. */
  between: (least: number, most: number) => number;
  /** True with this probability, 0 to 1. */
  chance: (probability: number) => boolean;
  pick: <T>(items: readonly [T, ...T[]]) => T;
  /** One of the keys, each as often as its weight says. */
  weighted: <K extends string>(weights: Readonly<Record<K, number>>) => K;
  shuffled: <T>(items: readonly T[]) => T[];
  /** Another source, that depends on this seed and the name alone. */
  fork: (name: string) => Random;
}

/** @param seed a whole number from 0 to 2^32 - 1 */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  // mulberry32: 32 bits of state, good enough to choose faults.
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (least: number, most: number): number => least + Math.floor(next() * (most - least + 1));
  const shuffled = <T>(items: readonly T[]): T[] =>
    items
      .map((item) => ({ item, at: next() }))
      .sort((one, other) => one.at - other.at)
      .map(({ item }) => item);
  return {
    next,
    between,
    chance: (probability) => next() < probability,
    pick: (items) => items[between(0, items.length - 1)] ?? items[0],
    weighted: <K extends string>(weights: Readonly<Record<K, number>>): K => {
      const entries = Object.entries(weights) as [K, number][];
      let rest = next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
      for (const [key, weight] of entries) {
        rest -= weight;
        if (rest < 0) return key;
      }
      throw new Error('There is nothing to choose from');
    },
    shuffled,
    fork: (name) => {
      let mixed = seed >>> 0;
      for (const character of name) mixed = (Math.imul(mixed, 31) + (character.codePointAt(0) ?? 0)) >>> 0;
      return createRandom(mixed);
    },
  };
}
