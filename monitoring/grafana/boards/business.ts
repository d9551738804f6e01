/** Business flow: from the lead to the refund. */
import type { MetricName } from '../../../contract/metrics.ts';
import { board } from '../dashboard.ts';
import { graph, stat } from '../panels.ts';
import { highest, inRange } from '../promql.ts';

const total = (title: string, description: string, counter: MetricName) =>
  stat({
    title,
    description,
    unit: 'short',
    decimals: 0,
    sparkline: false,
    queries: { [title]: inRange(counter) },
  });

/** One in relation to another; absent while there is none of the other. */
const share = (title: string, description: string, part: MetricName, whole: MetricName) =>
  stat({
    title,
    description,
    unit: 'percentunit',
    decimals: 1,
    noValue: 'none yet',
    sparkline: false,
    queries: { [title]: `${inRange(part)} / (${inRange(whole)} > 0)` },
  });

const perHour = (counter: MetricName): string => `3600 * sum(rate(${counter}[$__rate_interval]))`;

export const business = board({
  uid: 'fmhl-business',
  title: 'FMHL / Business flow',
  description: 'Leads come in, are approved, assigned and charged; some are bad and refunded.',
  tags: ['business'],
  rows: [
    {
      title: 'In the time shown',
      lines: [
        [
          total('Submitted', 'Leads that end users submitted.', 'fmhl_leads_submitted_total'),
          total('Approved', 'Leads that an admin approved.', 'fmhl_leads_approved_total'),
          total('Assigned', 'Assignments to a provider, each charged.', 'fmhl_assignments_created_total'),
          total(
            'Skipped',
            'Assignments not made because the provider could not pay.',
            'fmhl_assignments_skipped_insufficient_balance_total',
          ),
          total(
            'Reported bad',
            'Assignments that a provider reported as bad.',
            'fmhl_bad_leads_reported_total',
          ),
          total('Refunded', 'Bad-lead reports approved and refunded.', 'fmhl_refunds_approved_total'),
        ],
        [
          share(
            'Approved of submitted',
            'A lead is often approved later than it is submitted, so a short time may show more than all.',
            'fmhl_leads_approved_total',
            'fmhl_leads_submitted_total',
          ),
          stat({
            title: 'Assignments per lead',
            description: 'How many providers an approved lead was sold to.',
            unit: 'short',
            decimals: 2,
            noValue: 'none yet',
            sparkline: false,
            queries: {
              assignments: `${inRange('fmhl_assignments_created_total')} / (${inRange('fmhl_leads_approved_total')} > 0)`,
            },
          }),
          share(
            'Bad of assigned',
            'How many assignments were reported as bad.',
            'fmhl_bad_leads_reported_total',
            'fmhl_assignments_created_total',
          ),
          share(
            'Refunded of reported',
            'How many reports were found to be right.',
            'fmhl_refunds_approved_total',
            'fmhl_bad_leads_reported_total',
          ),
        ],
      ],
    },
    {
      title: 'Over time',
      lines: [
        [
          graph({
            title: 'Leads',
            description: 'Per hour. A gap between the two is work for the admin, or spam.',
            unit: 'short',
            queries: {
              'submitted per hour': perHour('fmhl_leads_submitted_total'),
              'approved per hour': perHour('fmhl_leads_approved_total'),
            },
          }),
          graph({
            title: 'Assignments',
            description: 'Per hour. Many skips: providers are out of money, and leads are sold to fewer.',
            unit: 'short',
            queries: {
              'assigned per hour': perHour('fmhl_assignments_created_total'),
              'skipped per hour': perHour('fmhl_assignments_skipped_insufficient_balance_total'),
            },
          }),
        ],
        [
          graph({
            title: 'Bad leads',
            description: 'Per hour. More reports than before: look where the leads come from.',
            unit: 'short',
            queries: {
              'reported per hour': perHour('fmhl_bad_leads_reported_total'),
              'refunded per hour': perHour('fmhl_refunds_approved_total'),
            },
          }),
          graph({
            title: 'Billing failures',
            description: 'Per second. Operations that failed for another reason than insufficient funds.',
            unit: 'cps',
            alerts: ['BillingFailures'],
            queries: { failed: 'sum(rate(fmhl_billing_failures_total[$__rate_interval]))' },
          }),
          graph({
            title: 'Balances off',
            description:
              "Providers whose cached balance differed from their ledger's sum at the last reconciliation.",
            unit: 'short',
            alerts: ['BalanceDiscrepancy'],
            queries: {
              off: highest('fmhl_balances_off'),
              'by more than 1.00': highest('fmhl_balances_off_over_one'),
            },
          }),
        ],
      ],
    },
  ],
});
