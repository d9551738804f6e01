/**
 * What proves an alert: series just under its threshold, just over it, and what it says then. promtool-tests.ts makes
 * the tests of promtool from it, so that every alert is held to the same.
 */

import type { MetricName } from '../../../contract/metrics.ts';

/** The value of a gauge, how much a counter grows at each step, or a timestamp that is always as many seconds old. */
export type Level = number | { grows: number } | { secondsAgo: number };
/** What there is, as of a moment. A series that is not named is absent. */
export type State = Readonly<Record<string, Level>>;

export interface Proof {
  alert: string;
  /** Nothing may fire, for however long. */
  under: State;
  /** It fires after the rule's `for`. */
  over: State;
  /** Before `over`. Default: the same series, all 0. */
  quiet?: State;
  /** After `over`. Default: as before. */
  after?: State;
  /** Steps after which `over` makes the expression true. Default 0: with the first value. */
  risesAfter?: number;
  /** Steps after which it is false again once `over` has ended. Default 0. */
  fallsAfter?: number;
  stepSeconds?: number;
  /** The alert's, beside those of the rule. */
  labels?: Readonly<Record<string, string>>;
  summary: string;
  description: string;
  /** Set where the alert is for series that are missing. */
  firesWithoutSeries?: true;
  /** More that must not make it fire: states with the steps that each lasts. */
  alsoSilent?: readonly { when: string; phases: readonly [state: State, steps: number][] }[];
}

/** A histogram's buckets, of which 1,000 observations at each step fall into the first bucket as many as given. */
export function observed(histogram: string, bound: number, withinBound: number): State {
  return {
    [`${histogram}_bucket{le="${bound}"}`]: { grows: withinBound },
    [`${histogram}_bucket{le="${bound * 1.5}"}`]: { grows: 1_000 },
    [`${histogram}_bucket{le="+Inf"}`]: { grows: 1_000 },
  };
}

/** A gauge that every process exports alike: it must count once. `labels` as in `queue="email_send"`, or none. */
export function everywhere(gauge: MetricName, labels: string, value: number): State {
  const of = (instance: string): string =>
    `${gauge}{${[labels, `instance="${instance}"`].filter((part) => part !== '').join(', ')}}`;
  return { [of('a')]: value, [of('b')]: value };
}
