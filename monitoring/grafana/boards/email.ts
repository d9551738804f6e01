/** Email: do mails go out, how fast, and what becomes of the others? */
import { board } from '../dashboard.ts';
import { graph, heatmap, stat } from '../panels.ts';
import { buckets, jobSuccess, quantiles, rate } from '../promql.ts';

const EMAIL = '{queue="email_send"}';

export const email = board({
  uid: 'fmhl-email',
  title: 'FMHL / Email',
  description: 'Do mails go out, how fast, and what becomes of the others?',
  tags: ['email'],
  rows: [
    {
      title: 'Right now',
      lines: [
        [
          stat({
            title: 'Delivered',
            description: 'Of the mails that ended in the time shown: the share that the mail server took.',
            unit: 'percentunit',
            decimals: 2,
            noValue: 'no mails',
            sparkline: false,
            queries: { delivered: jobSuccess('$__range', EMAIL) },
          }),
          stat({
            title: 'Waiting',
            description: 'Mails that no worker has taken yet. Over 1,000 is an alert.',
            unit: 'short',
            thresholds: [
              [100, 'yellow'],
              [1_000, 'red'],
            ],
            alerts: ['EmailBacklogHigh'],
            queries: { waiting: `max(fmhl_queue_depth${EMAIL})` },
          }),
          stat({
            title: 'Oldest waiting',
            description: 'Age of the mail that is next in line.',
            unit: 's',
            queries: { oldest: `max(fmhl_queue_oldest_waiting_seconds${EMAIL})` },
          }),
          stat({
            title: 'Dead letters',
            description: 'Mails that could not be sent and that nobody has retried. Over 10 is an alert.',
            unit: 'short',
            thresholds: [
              [1, 'yellow'],
              [10, 'red'],
            ],
            alerts: ['EmailDeadLettersHigh'],
            queries: { unresolved: `max(fmhl_dlq_size${EMAIL})` },
          }),
        ],
      ],
    },
    {
      title: 'Over time',
      lines: [
        [
          graph({
            title: 'Mails',
            description: 'Per second: asked for, sent, and given up after the last attempt.',
            unit: 'cps',
            queries: {
              'asked for': rate('fmhl_jobs_enqueued_total', EMAIL),
              sent: rate('fmhl_jobs_completed_total', EMAIL),
              'given up': rate('fmhl_jobs_failed_total', EMAIL),
            },
          }),
          graph({
            title: 'Trouble with the mail server',
            description: 'Attempts that failed and are repeated, and attempts cut off after 30 seconds.',
            unit: 'cps',
            queries: {
              'failed attempts': rate('fmhl_job_attempts_failed_total', EMAIL),
              'timed out': rate('fmhl_job_attempts_timed_out_total', EMAIL),
            },
          }),
        ],
        [
          graph({
            title: 'Time of an attempt: p50, p95, p99',
            description: 'Mostly the mail server. Gaps: no mail was sent.',
            unit: 'ms',
            queries: quantiles('fmhl_job_duration_ms', EMAIL),
          }),
          heatmap({
            title: 'Time of an attempt: how it was spread',
            description: 'How many attempts fell into each range of durations.',
            unit: 'ms',
            queries: buckets('fmhl_job_duration_ms', EMAIL),
          }),
        ],
        [
          graph({
            title: 'Waiting, running, backing off',
            description: 'Many that back off: the mail server refuses or does not answer.',
            unit: 'short',
            thresholds: [[1_000, 'red']],
            queries: {
              waiting: `max(fmhl_queue_depth${EMAIL})`,
              running: `max(fmhl_queue_active${EMAIL})`,
              'backing off': `max(fmhl_queue_delayed${EMAIL})`,
            },
          }),
          graph({
            title: 'Dead letters',
            description: 'Unresolved, without muted groups, and muted ones.',
            unit: 'short',
            thresholds: [[10, 'red']],
            queries: {
              unresolved: `max(fmhl_dlq_size${EMAIL})`,
              muted: `max(fmhl_dlq_muted_size${EMAIL})`,
            },
          }),
        ],
      ],
    },
  ],
});
