/** Dead letters: that they are captured, and seen before retention takes them. */
import { FLAPS, ITS_QUEUE, type Alert } from '../alert.ts';

export const DEAD_LETTERS: readonly Alert[] = [
  {
    name: 'DeadLetterCaptureLagging',
    expr: 'max by (queue) (fmhl_dlq_capture_lag_seconds) > 60',
    for: '5m',
    keepFiringFor: FLAPS,
    severity: 'critical',
    summary: 'Dead jobs of queue {{ $labels.queue }} are not captured',
    description:
      'A job of {{ $labels.queue }} that died {{ $value | humanizeDuration }} ago is not in the dead-letter queue yet (limit: 1 minute). It stays in the engine until it is.',
    dashboard: ITS_QUEUE,
  },
  {
    name: 'DeadLettersSetAside',
    expr: 'max by (queue) (fmhl_dlq_set_aside) > 0',
    for: '15m',
    severity: 'warning',
    summary: 'Dead jobs of queue {{ $labels.queue }} can not be stored',
    description:
      '{{ $value | printf "%.0f" }} dead jobs of {{ $labels.queue }} could not be written to the database. They stay in the engine, and the others are captured.',
    dashboard: ITS_QUEUE,
  },
  {
    name: 'DeadLettersExpiring',
    expr: 'max by (queue) (fmhl_dlq_expiring) > 0',
    for: '1h',
    severity: 'warning',
    summary: 'Dead letters of queue {{ $labels.queue }} are about to be removed',
    description:
      '{{ $value | printf "%.0f" }} unresolved dead letters of {{ $labels.queue }} are 27 days old; retention removes them within 3 days. What they were to do is lost then.',
    dashboard: ITS_QUEUE,
  },
  {
    name: 'EmailDeadLettersHigh',
    expr: 'max by (queue) (fmhl_dlq_size{queue="email_send"}) > 10',
    for: '5m',
    keepFiringFor: FLAPS,
    severity: 'warning',
    summary: 'Emails could not be sent',
    description:
      '{{ $value | printf "%.0f" }} emails are in the dead-letter queue (limit: 10). Nobody has received them.',
    dashboard: 'fmhl-email',
  },
  {
    // A task is one job each time, so a single one is enough; the other alerts would wait for a hundred.
    name: 'ScheduledTaskDied',
    expr: 'max by (queue) (fmhl_dlq_size{queue="scheduled"}) > 0',
    for: '15m',
    severity: 'warning',
    summary: 'A scheduled task has failed for good',
    description:
      '{{ $value | printf "%.0f" }} runs of scheduled tasks are in the dead-letter queue. What they were to do has not been done.',
    dashboard: ITS_QUEUE,
  },
];
