import { CASES, LAST_CASE, type CaseName } from './schedule.ts';

/** What was done to the system. */
export interface Tally {
  /** How often by description: `kill worker-1`. */
  faults: ReadonlyMap<string, number>;
  /** How often each named case was seen. */
  cases: ReadonlyMap<CaseName, number>;
  /** What processes said that ended by themselves, how often. */
  endings: ReadonlyMap<string, number>;
  /** The latest fault or case. */
  latest: () => string;
  fault: (what: string) => void;
  seen: (name: CaseName) => void;
  ended: (what: string) => void;
}

export function createTally(): Tally {
  const faults = new Map<string, number>();
  const cases = new Map<CaseName, number>();
  for (const name of [...CASES, LAST_CASE]) cases.set(name, 0);
  const endings = new Map<string, number>();
  let latest = 'start';
  const add = <K>(counts: Map<K, number>, key: K): void => {
    counts.set(key, (counts.get(key) ?? 0) + 1);
  };
  return {
    ...{ faults, cases, endings },
    latest: () => latest,
    fault: (what) => {
      latest = what;
      add(faults, what);
    },
    seen: (name) => {
      latest = name;
      add(cases, name);
    },
    ended: (what) => add(endings, what),
  };
}

export function total(counts: ReadonlyMap<unknown, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}
