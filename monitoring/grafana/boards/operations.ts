/** Operations overview: is the system well, and if not, which part? */
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import { MappingType, type Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { BURNS, OBJECTIVES, ratio } from '../../prometheus/slo.ts';
import { board, type Row } from '../dashboard.ts';
import { graph, runbook, stat, table } from '../panels.ts';
import { capturePanels } from './capture.ts';
import { availability, highest, jobSuccess, rate, rateBy } from '../promql.ts';

/** What somebody is told about: not the watchdog, which always fires. */
const FIRING = 'ALERTS{alertstate="firing", severity=~"warning|critical"}';

const now: Row = {
  title: 'Right now',
  lines: [
    [
      stat({
        title: 'Alerts firing',
        description: 'Warnings and critical alerts together.',
        unit: 'short',
        thresholds: [[1, 'red']],
        queries: { firing: `count(${FIRING}) or vector(0)` },
      }),
      stat({
        title: 'Readiness',
        description: 'Ready when the last check of every process passed.',
        unit: 'none',
        thresholds: [
          [0, 'red'],
          [1, 'green'],
        ],
        sparkline: false,
        mappings: [
          {
            type: MappingType.ValueToText,
            options: { '0': { text: 'not ready', index: 1 }, '1': { text: 'ready', index: 2 } },
          },
        ],
        alerts: ['NothingReady', 'ReadinessFailing'],
        queries: { ready: 'min(fmhl_ready)' },
      }),
      stat({
        title: 'Processes',
        description: 'Processes that were scraped.',
        unit: 'short',
        alerts: ['RoleAbsent'],
        queries: { processes: 'count(fmhl_build_info)' },
      }),
      stat({
        title: 'Leaders',
        description: 'Housekeeping processes at work. One is right; none for more than 10 seconds is not.',
        unit: 'short',
        thresholds: [
          [0, 'red'],
          [1, 'green'],
          [2, 'red'],
        ],
        alerts: ['HousekeepingWithoutLeader'],
        queries: { leaders: 'sum(fmhl_leader)' },
      }),
      stat({
        title: 'Dead letters',
        description: 'Unresolved, of all queues; without muted groups.',
        unit: 'short',
        thresholds: [
          [1, 'yellow'],
          [100, 'red'],
        ],
        queries: { unresolved: 'sum(max by (queue) (fmhl_dlq_size))' },
      }),
      stat({
        title: 'Jobs waiting',
        description: 'Ready to run, of all queues.',
        unit: 'short',
        queries: { waiting: 'sum(max by (queue) (fmhl_queue_depth))' },
      }),
    ],
  ],
};

const percent = (share: number): string => `${Number((100 * share).toFixed(3))} %`;

/** How well a promise is kept, and how fast its error budget burns. */
function level(slo: string, title: string, of: string, query: string, noValue: string): Builder<Panel>[] {
  const promise = OBJECTIVES.find((one) => one.slo === slo);
  if (promise === undefined) throw new Error(`There is no objective ${slo}`);
  const { alert, objective } = promise;
  // Without the dust of binary fractions.
  const budget = Number((1 - objective).toFixed(6));
  const burnt = (window: '5m' | '1h' | '6h'): string => `${ratio(promise, window)} / ${budget}`;
  return [
    stat({
      title,
      description: `Of ${of} in the time shown. The objective is ${percent(objective)} over 30 days.`,
      unit: 'percentunit',
      decimals: 3,
      noValue,
      sparkline: false,
      thresholds: [
        [0, 'red'],
        [objective, 'green'],
      ],
      queries: { [title]: query },
    }),
    graph({
      title: `${title}: error budget burn`,
      description:
        'Over 5 minutes, 1 hour and 6 hours. At 1 the 30 days end with nothing left; the lines are where alerts look.',
      unit: 'none',
      decimals: 1,
      noValue: `${noValue}, or the recording rules are not loaded`,
      thresholds: BURNS.map(({ factor, severity }): [number, 'red' | 'yellow'] => [
        factor,
        severity === 'critical' ? 'red' : 'yellow',
      ]).sort(([one], [other]) => one - other),
      alerts: BURNS.map(({ name }) => `${alert}Burn${name}`),
      queries: { '5 minutes': burnt('5m'), '1 hour': burnt('1h'), '6 hours': burnt('6h') },
    }),
  ];
}

const objectives: Row = {
  title: 'Service levels',
  lines: [
    level('job_success', 'Jobs that succeeded', 'the jobs that ended', jobSuccess('$__range'), 'no jobs'),
    level(
      'api_availability',
      'Not answered with a 5xx',
      'the requests to the API',
      availability('$__range'),
      'no requests',
    ),
  ],
};

const alerts: Row = {
  title: 'Alerts',
  lines: [
    [
      table({
        title: 'Firing',
        description: 'A name leads to its runbook.',
        unit: 'none',
        noValue: 'No alert is firing',
        link: {
          title: 'Runbook',
          url: runbook('${__data.fields.alertname}'),
        },
        queries: { alert: `count by (alertname, severity, queue) (${FIRING})` },
      }),
      graph({
        title: 'Firing over time',
        description: 'One bar for each alert that was firing.',
        unit: 'short',
        noValue: 'No alert was firing',
        bars: true,
        stacked: true,
        queries: { '{{alertname}}': `count by (alertname) (${FIRING})` },
      }),
    ],
  ],
};

const processes: Row = {
  title: 'Readiness and leadership',
  lines: [
    [
      graph({
        title: 'Scraped',
        description: '1 while Prometheus reaches a process.',
        unit: 'none',
        max: 1,
        alerts: ['TargetDown', 'RoleAbsent'],
        queries: {
          '{{job}} {{instance}}': 'max by (job, instance) (up{job=~"fmhl.*"})',
        },
      }),
      graph({
        title: 'Ready',
        description: '1 while the last readiness check of a process passed. A gap: it was not scraped.',
        unit: 'none',
        max: 1,
        alerts: ['ReadinessFailing'],
        queries: { '{{job}} {{instance}}': 'min by (job, instance) (fmhl_ready)' },
      }),
      graph({
        title: 'Leader',
        description: 'Which housekeeping process is at work. The line changes hands within 10 seconds.',
        unit: 'none',
        max: 1,
        alerts: ['HousekeepingWithoutLeader'],
        queries: { '{{job}} {{instance}}': 'max by (job, instance) (fmhl_leader)' },
      }),
    ],
  ],
};

const housekeeping: Row = {
  title: 'Capture, outbox and loops',
  lines: [
    [
      ...capturePanels(),
      graph({
        title: 'Gauges not read',
        description:
          'Sources of gauges that failed or took over a second at a scrape; their gauges are absent then.',
        unit: 'cps',
        alerts: ['MetricsCollectFailing'],
        queries: rateBy('source', 'fmhl_metrics_collect_failures_total'),
      }),
    ],
    [
      graph({
        title: 'Outbox depth',
        description:
          'Jobs committed to the database and not yet handed to the queue engine. Those that it refused are tried again.',
        unit: 'short',
        alerts: ['OutboxJobsRefused'],
        queries: { waiting: highest('fmhl_outbox_depth'), refused: highest('fmhl_outbox_postponed') },
      }),
      graph({
        title: 'Oldest job in the outbox',
        description: 'Of those that are due. Under a second when the relay works.',
        unit: 's',
        thresholds: [[60, 'red']],
        alerts: ['OutboxNotDraining'],
        queries: { oldest: highest('fmhl_outbox_oldest_seconds') },
      }),
      graph({
        title: 'Outbox hand-overs',
        description: 'A failed hand-over is repeated.',
        unit: 'cps',
        queries: {
          delivered: rate('fmhl_outbox_delivered_total'),
          failed: rate('fmhl_outbox_failures_total'),
        },
      }),
    ],
    [
      graph({
        title: 'Time since a loop last succeeded',
        description: 'A few seconds; up to 10 minutes for schedules, which run that seldom.',
        unit: 's',
        alerts: ['BackgroundLoopStalled'],
        queries: { '{{loop}}': 'time() - max by (loop) (fmhl_loop_last_success_timestamp_seconds)' },
      }),
      graph({
        title: 'Rounds that failed',
        description: 'Of the background loops. The log says why.',
        unit: 'cps',
        alerts: ['BackgroundLoopFailing'],
        queries: rateBy('loop', 'fmhl_loop_runs_total', '{outcome="failed"}'),
      }),
      graph({
        title: 'Unsafe settings of Redis',
        description: '1 when Redis may delete jobs, because its maxmemory-policy is not noeviction.',
        unit: 'none',
        max: 1,
        alerts: ['EngineSettingsUnsafe'],
        queries: { unsafe: highest('fmhl_engine_unsafe_settings') },
      }),
    ],
  ],
};

export const operations = board({
  uid: 'fmhl-operations',
  title: 'FMHL / Operations overview',
  description: 'Is the system well, and if not, which part?',
  tags: ['operations'],
  rows: [now, alerts, objectives, processes, housekeeping],
});
