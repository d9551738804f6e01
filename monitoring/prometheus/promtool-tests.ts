/** Makes the tests of `promtool test rules` from proofs. */
import type { Alert } from './alert.ts';
import type { Level, Proof, State } from './proofs/proof.ts';

export const EXTERNAL_LABELS = { fmhl_url: 'https://fmhl.test', grafana_url: 'https://grafana.test' };

type Labels = Record<string, string>;
interface Firing {
  exp_labels: Labels;
  exp_annotations: Labels;
}
interface Check {
  eval_time: string;
  alertname: string;
  exp_alerts: Firing[];
}

export interface PromtoolTest {
  name: string;
  interval: string;
  input_series: { series: string; values: string }[];
  external_labels: Labels;
  alert_rule_test: Check[];
}

/** States, one after another, with the number of steps that each lasts. */
type Phases = readonly (readonly [state: State, steps: number])[];

/** Before anything happens: as long as the longest window of an alert whose proof needs a past, at 15 s. */
const QUIET_STEPS = 20;
const AFTERWARDS = 10;

/** Every test of an alert: each is a life of some series, and when the alert fires in it. */
export function testsOf(alert: Alert, proof: Proof): PromtoolTest[] {
  const { under, over, stepSeconds = 15, risesAfter = 0, fallsAfter = 0 } = proof;
  const quiet = proof.quiet ?? mapped(over, (level) => (isCounter(level) ? { grows: 0 } : 0));
  const steps = (duration: string): number => secondsOf(duration) / stepSeconds;
  const forSteps = steps(alert.for ?? '0s');
  const keptSteps = steps(alert.keepFiringFor ?? '0s');
  const test = (name: string, phases: Phases, checks: [step: number, fires: boolean][]): PromtoolTest => ({
    name: `${alert.name}: ${name}`,
    interval: `${stepSeconds}s`,
    input_series: seriesOf(phases, stepSeconds),
    external_labels: EXTERNAL_LABELS,
    alert_rule_test: checks.map(([step, fires]) => ({
      eval_time: `${step * stepSeconds}s`,
      alertname: alert.name,
      exp_alerts: fires ? [firing(alert, proof)] : [],
    })),
  });
  const silent = (name: string, phases: Phases): PromtoolTest =>
    test(
      name,
      phases,
      stepsOf(phases).map((step) => [step, false]),
    );

  const fires = QUIET_STEPS + risesAfter + forSteps;
  const ends = fires + AFTERWARDS;
  const long = risesAfter + forSteps + AFTERWARDS;
  const ended = ends + fallsAfter + keptSteps;
  const tests = [
    test(
      'silent before its time, fires after it, and ends when all is well again',
      [
        [quiet, QUIET_STEPS],
        [over, ends - QUIET_STEPS],
        [proof.after ?? quiet, ended - ends + AFTERWARDS],
      ],
      [
        [QUIET_STEPS - 1, false],
        ...(fires > QUIET_STEPS ? [[fires - 1, false] satisfies [number, boolean]] : []),
        [fires, true],
        ...(keptSteps > 0 ? [[ended - 1, true] satisfies [number, boolean]] : []),
        [ended, false],
        [ended + AFTERWARDS - 1, false],
      ],
    ),
    silent('silent just under the threshold', [
      [quiet, QUIET_STEPS],
      [under, long],
    ]),
    ...(proof.alsoSilent ?? []).map(({ when, phases }) => silent(`silent ${when}`, phases)),
  ];
  if (proof.firesWithoutSeries !== true) {
    // What a rate saw, it remembers for as long as its window.
    const windows = [...alert.expr.matchAll(/\[(\w+)\]/g)].map(([, window = '']) => steps(window));
    const gone = ends + Math.max(fallsAfter, ...windows) + keptSteps;
    tests.push(
      silent('silent without any series', [[{}, long]]),
      test(
        'ends when its series vanish',
        [
          [quiet, QUIET_STEPS],
          [over, ends - QUIET_STEPS],
          [{}, gone - ends + AFTERWARDS],
        ],
        [
          [fires, true],
          [gone, false],
          [gone + AFTERWARDS - 1, false],
        ],
      ),
    );
  }
  if (hasCounters(under))
    tests.push(withRestart(silent('silent when counters start anew', [[under, 2 * long]])));
  else if (forSteps > fallsAfter && proof.firesWithoutSeries !== true) {
    tests.push(
      silent('silent when its series vanish before its time', [
        [over, forSteps - fallsAfter],
        [{}, long],
      ]),
    );
  }
  return tests;
}

function firing(alert: Alert, { labels = {}, summary, description }: Proof): Firing {
  const dashboard = alert.dashboard.replace(
    /\{\{ \$labels\.(\w+) \}\}/g,
    (_, label: string) => labels[label] ?? '',
  );
  return {
    exp_labels: { severity: alert.severity, ...alert.labels, ...labels },
    exp_annotations: {
      summary,
      description,
      runbook_url: `${EXTERNAL_LABELS.fmhl_url}/runbooks/${alert.name}`,
      dashboard_url: `${EXTERNAL_LABELS.grafana_url}/d/${dashboard}`,
    },
  };
}

/** Every step of the phases. */
function stepsOf(phases: Phases): number[] {
  return Array.from({ length: phases.reduce((sum, [, steps]) => sum + steps, 0) }, (_, step) => step);
}

function seriesOf(phases: Phases, stepSeconds: number): PromtoolTest['input_series'] {
  const names = [...new Set(phases.flatMap(([state]) => Object.keys(state)))];
  return names.map((series) => {
    let total = 0;
    let absent = true;
    let seconds = -stepSeconds;
    const values = phases.flatMap(([state, steps]) =>
      Array.from({ length: steps }, () => {
        seconds += stepSeconds;
        const level = state[series];
        if (level === undefined) {
          // Prometheus marks a series that was there at the last scrape and is not any more.
          const value = absent ? '_' : 'stale';
          absent = true;
          return value;
        }
        absent = false;
        if (typeof level === 'number') return String(level);
        if ('secondsAgo' in level) return String(seconds - level.secondsAgo);
        total += level.grows;
        return String(total);
      }),
    );
    return { series, values: values.join(' ') };
  });
}

/** The same life, but that a process is started anew in the middle: its counters begin at 0. */
function withRestart(test: PromtoolTest): PromtoolTest {
  return {
    ...test,
    input_series: test.input_series.map(({ series, values }) => {
      const numbers = values.split(' ').map(Number);
      const middle = Math.floor(numbers.length / 2);
      const lost = numbers[middle - 1] ?? 0;
      return { series, values: numbers.map((value, i) => (i < middle ? value : value - lost)).join(' ') };
    }),
  };
}

function hasCounters(state: State): boolean {
  return Object.values(state).some(isCounter);
}

function isCounter(level: Level): boolean {
  return typeof level !== 'number' && 'grows' in level;
}

function mapped(state: State, to: (level: Level) => Level): State {
  return Object.fromEntries(Object.entries(state).map(([series, level]) => [series, to(level)]));
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

function secondsOf(duration: string): number {
  return Number(duration.slice(0, -1)) * (UNIT_SECONDS[duration.slice(-1)] ?? Number.NaN);
}
