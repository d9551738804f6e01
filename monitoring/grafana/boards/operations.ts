/** Operations overview: is the system well, and if not, which part? */
import { MappingType } from '@grafana/grafana-foundation-sdk/dashboard';
import { board, type Row } from '../dashboard.ts';
import { graph, runbook, stat, table } from '../panels.ts';
import { capturePanels } from './capture.ts';
import { availability, highest, jobSuccess, rate, rateBy } from '../promql.ts';

/** What somebody is told about: not the watchdog, which always fires. */
const FIRING = 'ALERTS{alertstate="firing", severity=~"warning|critical"}';

/** Probes and scrapes don't count: a process that says it is not ready answers as it should. */
const API = 'route=~"/api/.*"';

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
        alerts: ['ReadinessFailing'],
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

const objectives: Row = {
  title: 'Service levels',
  lines: [
    [
      stat({
        title: 'Jobs that succeeded',
        description: 'Of those that ended in the time shown: the share that did not become a dead letter.',
        unit: 'percentunit',
        decimals: 2,
        noValue: 'no jobs',
        sparkline: false,
        queries: { succeeded: jobSuccess('$__range') },
      }),
      stat({
        title: 'API availability',
        description: 'Of the requests to the API in the time shown: the share not answered with a 5xx.',
        unit: 'percentunit',
        decimals: 3,
        noValue: 'no requests',
        sparkline: false,
        queries: { available: availability('$__range', API) },
      }),
    ],
    [
      graph({
        title: 'Jobs that succeeded, over time',
        description: 'Over the last 5 minutes at each moment. Gaps: no job ended.',
        unit: 'percentunit',
        max: 1,
        noValue: 'no jobs',
        alerts: ['JobSuccessBurnFast', 'JobSuccessBurnSlow', 'JobSuccessBurnCreeping'],
        queries: { succeeded: jobSuccess('5m') },
      }),
      graph({
        title: 'API availability, over time',
        description: 'Over the last 5 minutes at each moment.',
        unit: 'percentunit',
        max: 1,
        noValue: 'no requests',
        alerts: ['ApiAvailabilityBurnFast', 'ApiAvailabilityBurnSlow', 'ApiAvailabilityBurnCreeping'],
        queries: { available: availability('5m', API) },
      }),
    ],
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
        description: 'Jobs committed to the database and not yet handed to the queue engine.',
        unit: 'short',
        queries: { waiting: highest('fmhl_outbox_depth') },
      }),
      graph({
        title: 'Oldest job in the outbox',
        description: 'Under a second when the relay works.',
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
