/**
 * The five alerts of Epic 12, with its thresholds, durations and severities. Its queries name a series; these
 * say what was meant in a system of several processes: a quantile of all processes together needs the rates of
 * their buckets summed up, and a gauge that every process exports alike is taken once.
 */
import { FLAPS, ITS_QUEUE, type Alert } from '../alert.ts';

export const EPIC_12: readonly Alert[] = [
  {
    name: 'DistributionDurationHigh',
    expr: 'histogram_quantile(0.95, sum by (le) (rate(fmhl_distribution_duration_ms_bucket[5m]))) > 2000',
    for: '5m',
    severity: 'warning',
    summary: 'Leads are distributed slowly',
    description:
      'One distribution in twenty takes longer than {{ $value | printf "%.0f" }} ms (limit: 2000 ms). Providers get their leads late.',
    dashboard: 'fmhl-latency',
  },
  {
    // More than one failure a second, over a minute: 61 or more in 60 s, all processes together. A minute is four
    // scrapes of 15 s, the least from which a rate survives a missed scrape; where the scrape interval is longer,
    // the window must grow with it, and then the alert comes later. No `for`, as in the epic: money is at stake.
    name: 'BillingFailures',
    expr: 'sum(rate(fmhl_billing_failures_total[1m])) > 1',
    severity: 'critical',
    summary: 'Billing operations fail',
    description:
      '{{ $value | printf "%.2f" }} billing operations fail per second (limit: 1), not counting those of providers who cannot pay. Charges and refunds are not booked.',
    dashboard: 'fmhl-latency',
  },
  {
    name: 'QueueBacklogHigh',
    expr: 'max by (queue) (fmhl_queue_depth) > 100',
    for: '10m',
    keepFiringFor: FLAPS,
    severity: 'warning',
    summary: 'Queue {{ $labels.queue }} has a backlog',
    description:
      '{{ $value | printf "%.0f" }} jobs are ready to run in {{ $labels.queue }} and wait for a worker (limit: 100).',
    dashboard: ITS_QUEUE,
  },
  {
    // Without the entries of muted groups: somebody has seen those.
    name: 'HighDLQSize',
    expr: 'max by (queue) (fmhl_dlq_size) > 100',
    for: '5m',
    keepFiringFor: FLAPS,
    severity: 'critical',
    summary: 'Many dead letters in queue {{ $labels.queue }}',
    description:
      '{{ $value | printf "%.0f" }} dead letters of {{ $labels.queue }} are unresolved (limit: 100). Work that was promised has not been done.',
    dashboard: ITS_QUEUE,
  },
  {
    name: 'InboxQuerySlow',
    expr: 'histogram_quantile(0.95, sum by (le) (rate(fmhl_inbox_query_duration_ms_bucket[5m]))) > 1000',
    for: '5m',
    severity: 'warning',
    summary: "The provider's inbox is slow",
    description:
      'One query of the inbox in twenty takes longer than {{ $value | printf "%.0f" }} ms (limit: 1000 ms). Providers wait.',
    dashboard: 'fmhl-latency',
  },
];
