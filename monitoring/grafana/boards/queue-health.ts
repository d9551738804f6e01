/** Queue Health: Epic 12's three panels for the chosen queue, and how the others are. */
import { board, queueVariable } from '../dashboard.ts';
import { gauge, graph } from '../panels.ts';
import { capturePanels } from './capture.ts';
import { highestBy, quantile, rate, rateBy } from '../promql.ts';

const CHOSEN = '{queue="$queue"}';

export const queueHealth = board({
  uid: 'fmhl-queue-health',
  title: 'FMHL / Queue Health',
  description: 'Is a queue keeping up, and if not, since when and why?',
  tags: ['queues'],
  variables: [queueVariable()],
  rows: [
    {
      title: '$queue',
      lines: [
        [
          gauge({
            title: 'Queue depth',
            description:
              'Jobs that are ready to run and wait for a worker. Over 100 for 10 minutes is an alert.',
            unit: 'short',
            max: 200,
            thresholds: [
              [50, 'yellow'],
              [100, 'red'],
            ],
            alerts: ['QueueBacklogHigh'],
            queries: { waiting: `max(fmhl_queue_depth${CHOSEN})` },
          }),
          graph({
            title: 'Failure rate',
            description: 'Jobs that finally died, per second over 5 minutes: each becomes a dead letter.',
            unit: 'cps',
            alerts: ['JobFailureRatioHigh'],
            queries: { 'dead jobs': `sum(rate(fmhl_jobs_failed_total${CHOSEN}[5m]))` },
          }),
          graph({
            title: 'Job duration p95',
            description: '19 of 20 attempts took at most this long, over 5 minutes. Gaps: nothing ran.',
            unit: 'ms',
            queries: { p95: quantile(0.95, 'fmhl_job_duration_ms', CHOSEN, '5m') },
          }),
        ],
        [
          graph({
            title: 'In and out',
            description: 'When more comes in than is completed for a while, the depth grows.',
            unit: 'cps',
            queries: {
              enqueued: rate('fmhl_jobs_enqueued_total', CHOSEN),
              completed: rate('fmhl_jobs_completed_total', CHOSEN),
            },
          }),
          graph({
            title: 'Trouble before death',
            description:
              'Attempts that failed and are tried again, attempts cut off at the timeout, and jobs refused because their payload does not fit the schema.',
            unit: 'cps',
            queries: {
              'failed attempts': rate('fmhl_job_attempts_failed_total', CHOSEN),
              'timed out': rate('fmhl_job_attempts_timed_out_total', CHOSEN),
              refused: rate('fmhl_jobs_refused_total', CHOSEN),
            },
          }),
          graph({
            title: 'Waiting, running, delayed',
            description: 'Delayed jobs wait for their time or back off after a failed attempt.',
            unit: 'short',
            queries: {
              waiting: `max(fmhl_queue_depth${CHOSEN})`,
              running: `max(fmhl_queue_active${CHOSEN})`,
              delayed: `max(fmhl_queue_delayed${CHOSEN})`,
            },
          }),
        ],
      ],
    },
    {
      title: 'All queues',
      lines: [
        [
          graph({
            title: 'Depth by queue',
            description: 'Jobs ready to run that no worker has taken.',
            unit: 'short',
            thresholds: [[100, 'red']],
            alerts: ['QueueBacklogHigh'],
            queries: highestBy('queue', 'fmhl_queue_depth'),
          }),
          graph({
            title: 'Oldest waiting job',
            description:
              'Age of the job that is next in line. It grows by a second a second when nobody works.',
            unit: 's',
            thresholds: [[600, 'red']],
            alerts: ['QueueOldestJobTooOld'],
            queries: highestBy('queue', 'fmhl_queue_oldest_waiting_seconds'),
          }),
          graph({
            title: 'Room for jobs',
            description: 'How many jobs of a queue its workers together run at once. 0: nobody works on it.',
            unit: 'short',
            alerts: ['QueueWithoutWorker'],
            queries: { '{{queue}}': 'sum by (queue) (fmhl_worker_concurrency)' },
          }),
        ],
        [
          graph({
            title: 'Throughput',
            description: 'Jobs completed per second.',
            unit: 'cps',
            stacked: true,
            queries: rateBy('queue', 'fmhl_jobs_completed_total'),
          }),
          graph({
            title: 'Dead jobs',
            description: 'Jobs without an attempt left, per second.',
            unit: 'cps',
            stacked: true,
            alerts: ['JobFailureRatioHigh'],
            queries: rateBy('queue', 'fmhl_jobs_failed_total'),
          }),
          graph({
            title: 'Paused',
            description: '1 while a queue is paused: its jobs wait until somebody resumes it.',
            unit: 'none',
            max: 1,
            alerts: ['QueuePaused'],
            queries: highestBy('queue', 'fmhl_queue_paused'),
          }),
        ],
      ],
    },
    {
      title: 'Dead letters',
      lines: [
        [
          graph({
            title: 'Unresolved',
            description:
              'Dead letters that nobody has retried or discarded; without muted groups. Over 100 is an alert.',
            unit: 'short',
            thresholds: [[100, 'red']],
            alerts: ['HighDLQSize', 'ScheduledTaskDied'],
            queries: highestBy('queue', 'fmhl_dlq_size'),
          }),
          graph({
            title: 'Captured and cleared',
            description:
              'Dead letters that came in, and how they left: retried, discarded, or removed after 30 days.',
            unit: 'cps',
            queries: {
              captured: rate('fmhl_dlq_captured_total'),
              retried: rate('fmhl_dlq_retried_total'),
              discarded: rate('fmhl_dlq_discarded_total'),
              expired: rate('fmhl_dlq_expired_total'),
            },
          }),
          graph({
            title: 'Muted, and about to expire',
            description:
              'Unresolved dead letters of muted groups, and those that retention removes within 3 days.',
            unit: 'short',
            alerts: ['DeadLettersExpiring'],
            queries: {
              'muted {{queue}}': 'max by (queue) (fmhl_dlq_muted_size)',
              'expiring {{queue}}': 'max by (queue) (fmhl_dlq_expiring)',
            },
          }),
        ],
        capturePanels(),
      ],
    },
  ],
});
