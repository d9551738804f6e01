/** Distribution and billing latency: how long the steps take that cost providers money. */
import { board, instanceVariable, type Row } from '../dashboard.ts';
import { graph, heatmap } from '../panels.ts';
import { buckets, quantiles, rate } from '../promql.ts';

const CHOSEN = '{instance=~"$instance"}';

function duration(
  title: string,
  histogram:
    | 'fmhl_distribution_duration_ms'
    | 'fmhl_billing_operation_duration_ms'
    | 'fmhl_inbox_query_duration_ms',
  what: string,
  alert?: { name: string; atMs: number },
): Row {
  const limit = alert === undefined ? '' : ` A p95 over ${alert.atMs} ms for 5 minutes is an alert.`;
  return {
    title,
    lines: [
      [
        graph({
          title: `${title}: p50, p95, p99`,
          description: `${what}${limit} Gaps: there were none.`,
          unit: 'ms',
          ...(alert === undefined ? {} : { thresholds: [[alert.atMs, 'red']], alerts: [alert.name] }),
          queries: quantiles(histogram, CHOSEN),
        }),
        heatmap({
          title: `${title}: how it was spread`,
          description: 'How many fell into each range of durations. Two bands mean two kinds of work.',
          unit: 'ms',
          queries: buckets(histogram, CHOSEN),
        }),
      ],
    ],
  };
}

export const latency = board({
  uid: 'fmhl-latency',
  title: 'FMHL / Distribution and billing latency',
  description: 'How long it takes to distribute a lead, to charge a provider, and to open the inbox.',
  tags: ['latency'],
  variables: [instanceVariable()],
  rows: [
    duration(
      'Distribution',
      'fmhl_distribution_duration_ms',
      'Time to distribute one lead to its providers.',
      { name: 'DistributionDurationHigh', atMs: 2_000 },
    ),
    duration(
      'Billing',
      'fmhl_billing_operation_duration_ms',
      'Time of one billing operation: a charge, a refund, a deposit.',
    ),
    duration('Inbox', 'fmhl_inbox_query_duration_ms', 'Time of one query of the provider inbox.', {
      name: 'InboxQuerySlow',
      atMs: 1_000,
    }),
    {
      title: 'How much',
      lines: [
        [
          graph({
            title: 'Operations',
            description: 'Per second.',
            unit: 'ops',
            queries: {
              distributions: `sum(rate(fmhl_distribution_duration_ms_count${CHOSEN}[$__rate_interval]))`,
              'billing operations': `sum(rate(fmhl_billing_operation_duration_ms_count${CHOSEN}[$__rate_interval]))`,
              'inbox queries': `sum(rate(fmhl_inbox_query_duration_ms_count${CHOSEN}[$__rate_interval]))`,
            },
          }),
          graph({
            title: 'Billing failures',
            description:
              'Per second; for another reason than insufficient funds. Over 1 is a critical alert.',
            unit: 'cps',
            thresholds: [[1, 'red']],
            alerts: ['BillingFailures'],
            queries: { failed: rate('fmhl_billing_failures_total', CHOSEN) },
          }),
        ],
      ],
    },
  ],
});
