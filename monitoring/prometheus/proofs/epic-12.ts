import { everywhere, observed, type Proof } from './proof.ts';

const distribution = (within: number) => observed('fmhl_distribution_duration_ms', 2_000, within);
const inbox = (within: number) => observed('fmhl_inbox_query_duration_ms', 1_000, within);

export const EPIC_12_PROOFS: readonly Proof[] = [
  {
    alert: 'DistributionDurationHigh',
    // 950 of 1,000 within 2000 ms: the 95th percentile is exactly the limit.
    under: distribution(950),
    over: distribution(949),
    // Of five minutes' observations the slow ones are less than one in twenty only then.
    after: distribution(1_000),
    fallsAfter: 3,
    summary: 'Leads are distributed slowly',
    description:
      'One distribution in twenty takes longer than 2020 ms (limit: 2000 ms). Providers get their leads late.',
  },
  {
    alert: 'BillingFailures',
    // 15 in 15 s, by two processes together: exactly one a second.
    under: {
      'fmhl_billing_failures_total{instance="a"}': { grows: 10 },
      'fmhl_billing_failures_total{instance="b"}': { grows: 5 },
    },
    over: {
      'fmhl_billing_failures_total{instance="a"}': { grows: 10 },
      'fmhl_billing_failures_total{instance="b"}': { grows: 5.25 },
    },
    risesAfter: 3,
    summary: 'Billing operations fail',
    description:
      '1.02 billing operations fail per second (limit: 1), not counting those of providers who cannot pay. Charges and refunds are not booked.',
  },
  {
    alert: 'QueueBacklogHigh',
    under: everywhere('fmhl_queue_depth', 'queue="email_send"', 100),
    over: everywhere('fmhl_queue_depth', 'queue="email_send"', 101),
    labels: { queue: 'email_send' },
    summary: 'Queue email_send has a backlog',
    description: '101 jobs are ready to run in email_send and wait for a worker (limit: 100).',
  },
  {
    alert: 'HighDLQSize',
    under: everywhere('fmhl_dlq_size', 'queue="report_export"', 100),
    over: everywhere('fmhl_dlq_size', 'queue="report_export"', 101),
    labels: { queue: 'report_export' },
    summary: 'Many dead letters in queue report_export',
    description:
      '101 dead letters of report_export are unresolved (limit: 100). Work that was promised has not been done.',
  },
  {
    alert: 'InboxQuerySlow',
    under: inbox(950),
    over: inbox(949),
    after: inbox(1_000),
    fallsAfter: 3,
    summary: "The provider's inbox is slow",
    description:
      'One query of the inbox in twenty takes longer than 1010 ms (limit: 1000 ms). Providers wait.',
  },
];
