/** Queues and the way of jobs into them. */
import { FLAPS, ITS_QUEUE, OPERATIONS, type Alert } from '../alert.ts';

export const QUEUES: readonly Alert[] = [
  {
    // Every process says for every queue how many of its jobs it runs at once; the api role says 0.
    name: 'QueueWithoutWorker',
    expr: 'max by (queue) (fmhl_queue_depth) > 0 unless on (queue) sum by (queue) (fmhl_worker_concurrency) > 0',
    for: '5m',
    keepFiringFor: FLAPS,
    severity: 'critical',
    summary: 'No worker serves queue {{ $labels.queue }}',
    description:
      '{{ $value | printf "%.0f" }} jobs wait in {{ $labels.queue }}, and no process that Prometheus can reach works on it. None of them will be done.',
    dashboard: ITS_QUEUE,
  },
  {
    name: 'QueueOldestJobTooOld',
    expr: 'max by (queue) (fmhl_queue_oldest_waiting_seconds) > 600',
    for: '5m',
    keepFiringFor: FLAPS,
    severity: 'warning',
    summary: 'A job in queue {{ $labels.queue }} has waited too long',
    description:
      'The job that is next in {{ $labels.queue }} has been ready to run for {{ $value | humanizeDuration }} (limit: 10 minutes).',
    dashboard: ITS_QUEUE,
  },
  {
    // Pausing is a deliberate act; forgetting it is not.
    name: 'QueuePaused',
    expr: 'max by (queue) (fmhl_queue_paused) > 0',
    for: '30m',
    severity: 'warning',
    summary: 'Queue {{ $labels.queue }} is paused',
    description:
      '{{ $labels.queue }} has been paused for half an hour (paused: {{ $value | printf "%.0f" }}). Its jobs wait until somebody resumes it.',
    dashboard: ITS_QUEUE,
  },
  {
    // At least five: one dead job of three is no ratio to act on.
    name: 'JobFailureRatioHigh',
    expr: `sum by (queue) (rate(fmhl_jobs_failed_total[15m]))
  / (sum by (queue) (rate(fmhl_jobs_failed_total[15m])) + sum by (queue) (rate(fmhl_jobs_completed_total[15m])))
  > 0.1
and sum by (queue) (increase(fmhl_jobs_failed_total[15m])) >= 5`,
    for: '5m',
    severity: 'warning',
    summary: 'Many jobs of queue {{ $labels.queue }} die',
    description:
      '{{ $value | humanizePercentage }} of the jobs of {{ $labels.queue }} that ended within 15 minutes are dead (limit: 10 %).',
    dashboard: ITS_QUEUE,
  },
  {
    name: 'EmailBacklogHigh',
    expr: 'max by (queue) (fmhl_queue_depth{queue="email_send"}) > 1000',
    for: '5m',
    keepFiringFor: FLAPS,
    severity: 'warning',
    summary: 'Emails pile up',
    description:
      '{{ $value | printf "%.0f" }} emails wait to be sent (limit: 1000). Confirmations and notices of new leads are late.',
    dashboard: 'fmhl-email',
  },
  {
    name: 'OutboxNotDraining',
    expr: 'max(fmhl_outbox_oldest_seconds) > 60',
    for: '5m',
    keepFiringFor: FLAPS,
    severity: 'critical',
    summary: 'Jobs do not get from the outbox into their queues',
    description:
      'A job in the outbox has been due for {{ $value | humanizeDuration }} and has not reached its queue (limit: 1 minute). Nothing is lost, but nothing new happens either.',
    dashboard: OPERATIONS,
  },
  {
    // For a moment at each try they are due, and not postponed.
    name: 'OutboxJobsRefused',
    expr: 'max(max_over_time(fmhl_outbox_postponed[2m])) > 0',
    for: '15m',
    severity: 'warning',
    summary: 'The queue engine refuses jobs again and again',
    description:
      '{{ $value | printf "%.0f" }} jobs in the outbox were refused by the queue engine, and are tried again every 5 minutes at least. What they were to do is not done.',
    dashboard: OPERATIONS,
  },
  {
    name: 'EngineSettingsUnsafe',
    expr: 'max(fmhl_engine_unsafe_settings) > 0',
    for: '1m',
    severity: 'critical',
    summary: 'Redis may delete jobs',
    description:
      'The maxmemory-policy of Redis is not noeviction (unsafe: {{ $value | printf "%.0f" }}). When its memory is full, it will delete jobs without a trace.',
    dashboard: OPERATIONS,
  },
];
