/** The processes, what they stand on, and the alerts themselves. */
import { FLAPS, OPERATIONS, type Alert } from '../alert.ts';

/** By the role that the processes give, not by the job of a scrape: `start` is all three. */
const roleAbsent = (role: string): string =>
  `label_replace(absent(fmhl_build_info{role=~"${role}|start"}), "role", "${role}", "", "")`;

export const SYSTEM: readonly Alert[] = [
  {
    name: 'RoleAbsent',
    expr: ['api', 'worker', 'housekeeping'].map(roleAbsent).join('\nor '),
    for: '2m',
    keepFiringFor: FLAPS,
    severity: 'critical',
    summary: 'No process with the role {{ $labels.role }}',
    description:
      'Prometheus reaches no process with the role {{ $labels.role }} (absent: {{ $value | printf "%.0f" }}): all are down, or none is scraped.',
    dashboard: OPERATIONS,
  },
  {
    name: 'TargetDown',
    // The role is in the name of the job, and tells Alertmanager what RoleAbsent says already.
    expr: 'label_replace(up{job=~"fmhl.*"} == 0, "role", "$1", "job", "fmhl-(.+)")',
    for: '5m',
    keepFiringFor: FLAPS,
    severity: 'warning',
    summary: '{{ $labels.instance }} does not answer',
    description:
      'Prometheus can not scrape {{ $labels.instance }} of {{ $labels.job }} (up: {{ $value | printf "%.0f" }}). The process is down or unreachable, and its part of the metrics is missing.',
    dashboard: OPERATIONS,
  },
  {
    // By the job of the scrape, which is the role: no other process is left to do the work.
    name: 'NothingReady',
    expr: 'max by (job) (fmhl_ready) == 0',
    for: '1m',
    keepFiringFor: FLAPS,
    severity: 'critical',
    summary: 'No process of {{ $labels.job }} is ready',
    description:
      'All processes of {{ $labels.job }} run, but PostgreSQL, Redis or the queue engine does not answer them (ready: {{ $value | printf "%.0f" }}). Their work is not done.',
    dashboard: OPERATIONS,
  },
  {
    // One of several: the others do its work.
    name: 'ReadinessFailing',
    expr: 'min by (job, instance) (fmhl_ready) == 0',
    for: '3m',
    keepFiringFor: FLAPS,
    severity: 'warning',
    summary: '{{ $labels.instance }} is not ready',
    description:
      '{{ $labels.instance }} of {{ $labels.job }} runs, but PostgreSQL, Redis or the queue engine does not answer it (ready: {{ $value | printf "%.0f" }}).',
    dashboard: OPERATIONS,
  },
  {
    // One that can not be scraped may be the leader: that is TargetDown, and what is not done has alerts of its own.
    name: 'HousekeepingWithoutLeader',
    expr: 'max(fmhl_leader) < 1 unless on () up{job=~"fmhl(-housekeeping)?"} == 0',
    for: '2m',
    keepFiringFor: FLAPS,
    severity: 'critical',
    summary: 'No housekeeping process is at work',
    description:
      'No process is elected to do the housekeeping (leaders: {{ $value | printf "%.0f" }}). Dead jobs are not captured, the outbox is not relayed, nothing scheduled runs.',
    dashboard: OPERATIONS,
  },
  {
    name: 'BackgroundLoopFailing',
    expr: `sum by (loop) (increase(fmhl_loop_runs_total{outcome="failed"}[15m])) > 0
unless on (loop) sum by (loop) (increase(fmhl_loop_runs_total{outcome="ok"}[15m])) > 0`,
    for: '5m',
    severity: 'warning',
    summary: 'The background loop {{ $labels.loop }} fails every time',
    description:
      '{{ $labels.loop }} has failed {{ $value | printf "%.0f" }} times within 15 minutes and has not succeeded once.',
    dashboard: OPERATIONS,
  },
  {
    // The gauges of a source that can not be read are absent, and so would be the alerts that need them.
    name: 'MetricsCollectFailing',
    expr: 'sum by (source) (rate(fmhl_metrics_collect_failures_total[5m])) > 0',
    for: '10m',
    severity: 'warning',
    summary: 'The gauges of {{ $labels.source }} can not be read',
    description:
      'Reading {{ $labels.source }} has failed at scrapes for 10 minutes ({{ $value | printf "%.2f" }} times per second). Alerts that look at these gauges are blind.',
    dashboard: OPERATIONS,
  },
  {
    // The nightly reconciliation looks; within 1.00 it is counted and logged, and needs nobody.
    name: 'BalanceDiscrepancy',
    expr: 'max(fmhl_balances_off_over_one) > 0',
    for: '5m',
    severity: 'critical',
    summary: 'Balances of providers are wrong',
    description:
      'The balance of {{ $value | printf "%.0f" }} providers differs from their ledger\'s sum by more than 1.00.',
    dashboard: 'fmhl-business',
  },
  {
    name: 'Watchdog',
    expr: 'vector(1)',
    severity: 'none',
    summary: 'Alerts work',
    description:
      'This always fires (value: {{ $value | printf "%.0f" }}). When it does not arrive, Prometheus, Alertmanager or the way from it is broken.',
    dashboard: OPERATIONS,
  },
];
