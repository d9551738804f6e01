/**
 * What the system promises over 30 days, and alerts for how fast a promise is being broken.
 * A budget is the share that may fail; burning it at rate 1 uses it up in exactly 30 days. As Google's SRE
 * workbook has it ("Alerting on SLOs", multiwindow, multi-burn-rate): the long window says that it matters,
 * the short one that it still goes on, so that the alert ends soon after the trouble.
 */
import type { MetricName } from '../../contract/metrics.ts';
import { OPERATIONS, type Alert, type Duration } from './alert.ts';

interface Objective {
  /** Begins the names of its alerts. */
  alert: string;
  /** The label `slo`. */
  slo: string;
  what: string;
  /** The share that must be good over 30 days. */
  objective: number;
  /** Names of recorded series, and what they are per second: those that failed, and all. */
  bad: { record: string; expr: string };
  all: { record: string; expr: string };
}

const rate = (series: string): string => `sum(rate(${series}[5m]))`;
const JOBS_FAILED: MetricName = 'fmhl_jobs_failed_total';
const JOBS_COMPLETED: MetricName = 'fmhl_jobs_completed_total';
const API_REQUESTS: MetricName = 'fmhl_api_requests_total';

export const OBJECTIVES: readonly Objective[] = [
  {
    // 99.5 %: of 200 jobs at most one may become a dead letter. An attempt that fails and is repeated is none.
    alert: 'JobSuccess',
    slo: 'job_success',
    what: 'jobs have died',
    objective: 0.995,
    bad: { record: 'fmhl:job_failures', expr: rate(JOBS_FAILED) },
    all: { record: 'fmhl:jobs', expr: `${rate(JOBS_FAILED)} + ${rate(JOBS_COMPLETED)}` },
  },
  {
    // 99.9 %: of 1,000 requests to the API at most one may be answered with a 5xx; 43 minutes of outage in 30 days.
    alert: 'ApiAvailability',
    slo: 'api_availability',
    what: 'requests to the API were answered with a 5xx',
    objective: 0.999,
    // Not the histogram of requests: its series of a status begins with the first such answer, which no rate sees.
    bad: { record: 'fmhl:api_failures', expr: rate(`${API_REQUESTS}{outcome="error"}`) },
    all: { record: 'fmhl:api_requests', expr: rate(API_REQUESTS) },
  },
];

interface Burn {
  name: string;
  factor: number;
  speed: string;
  long: Duration;
  short: Duration;
  for: Duration;
  severity: Alert['severity'];
}

/** The workbook's, with the part of the budget that is gone when they fire: 2 % in 1 h, 5 % in 6 h, 10 % in 3 d. */
export const BURNS: readonly Burn[] = [
  {
    name: 'Fast',
    factor: 14.4,
    speed: '14.4 times as fast as it may',
    ...{ long: '1h', short: '5m', for: '2m' },
    severity: 'critical',
  },
  {
    name: 'Slow',
    factor: 6,
    speed: '6 times as fast as it may',
    ...{ long: '6h', short: '30m', for: '15m' },
    severity: 'critical',
  },
  {
    name: 'Creeping',
    factor: 1,
    speed: 'faster than it may',
    ...{ long: '3d', short: '6h', for: '1h' },
    severity: 'warning',
  },
];

/**
 * With fewer jobs or requests than this within the long window, one failure would look like an outage. They are counted,
 * every five minutes those of the last five, and not taken from an average: that would be of what Prometheus has, and
 * a young one has little.
 */
const LEAST = 100;

export interface Recording {
  record: string;
  expr: string;
}

const windows = [...new Set(BURNS.flatMap(({ long, short }) => [short, long]))];
export const ratio = ({ bad }: Objective, window: Duration): string => `${bad.record}:ratio_rate${window}`;

/**
 * The share that failed, in every window that an alert looks at. Long windows are summed up from the recorded rates:
 * three days of every route's counter would be millions of samples at each evaluation.
 */
export const RECORDINGS: readonly Recording[] = OBJECTIVES.flatMap((objective) => {
  const { bad, all } = objective;
  const over = (record: string, window: Duration): string => `sum_over_time(${record}:rate5m[${window}])`;
  return [
    ...[bad, all].map(({ record, expr }) => ({ record: `${record}:rate5m`, expr })),
    ...windows.map((window) => ({
      record: ratio(objective, window),
      expr:
        window === '5m'
          ? `${bad.record}:rate5m / ${all.record}:rate5m`
          : `${over(bad.record, window)} / ${over(all.record, window)}`,
    })),
  ];
});

export const BURN_ALERTS: readonly Alert[] = OBJECTIVES.flatMap((objective) =>
  BURNS.map((burn) => burnAlert(objective, burn)),
);

function burnAlert(objective: Objective, burn: Burn): Alert {
  const limit = tidy(burn.factor * (1 - objective.objective));
  return {
    name: `${objective.alert}Burn${burn.name}`,
    expr: `${ratio(objective, burn.long)} > ${limit}
and ${ratio(objective, burn.short)} > ${limit}
and sum_over_time(${objective.all.record}:rate5m[${burn.long}:5m]) * 300 > ${LEAST}`,
    for: burn.for,
    severity: burn.severity,
    labels: { slo: objective.slo },
    summary: `The error budget of ${objective.slo} burns ${burn.speed}`,
    description: `{{ $value | humanizePercentage }} of the ${objective.what} within ${burn.long} (limit: ${tidy(limit * 100)} %; the objective is ${tidy(objective.objective * 100)} % good over 30 days).`,
    dashboard: OPERATIONS,
  };
}

/** Without the dust of binary fractions: 14.4 × 0.005 is 0.072. */
function tidy(value: number): number {
  return Number(value.toFixed(6));
}
