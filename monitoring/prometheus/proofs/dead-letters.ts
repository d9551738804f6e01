import { everywhere, type Proof } from './proof.ts';

export const DEAD_LETTER_PROOFS: readonly Proof[] = [
  {
    alert: 'DeadLetterCaptureLagging',
    under: everywhere('fmhl_dlq_capture_lag_seconds', 'queue="email_send"', 60),
    over: everywhere('fmhl_dlq_capture_lag_seconds', 'queue="email_send"', 61),
    labels: { queue: 'email_send' },
    summary: 'Dead jobs of queue email_send are not captured',
    description:
      'A job of email_send that died 1m 1s ago is not in the dead-letter queue yet (limit: 1 minute). It stays in the engine until it is.',
  },
  {
    alert: 'DeadLettersSetAside',
    under: everywhere('fmhl_dlq_set_aside', 'queue="email_send"', 0),
    over: everywhere('fmhl_dlq_set_aside', 'queue="email_send"', 1),
    labels: { queue: 'email_send' },
    summary: 'Dead jobs of queue email_send can not be stored',
    description:
      '1 dead jobs of email_send could not be written to the database. They stay in the engine, and the others are captured.',
  },
  {
    alert: 'DeadLettersExpiring',
    under: everywhere('fmhl_dlq_expiring', 'queue="report_export"', 0),
    over: everywhere('fmhl_dlq_expiring', 'queue="report_export"', 1),
    labels: { queue: 'report_export' },
    summary: 'Dead letters of queue report_export are about to be removed',
    description:
      '1 unresolved dead letters of report_export are 27 days old; retention removes them within 3 days. What they were to do is lost then.',
  },
  {
    alert: 'EmailDeadLettersHigh',
    under: {
      ...everywhere('fmhl_dlq_size', 'queue="email_send"', 10),
      ...everywhere('fmhl_dlq_size', 'queue="scheduled"', 11),
    },
    over: everywhere('fmhl_dlq_size', 'queue="email_send"', 11),
    labels: { queue: 'email_send' },
    summary: 'Emails could not be sent',
    description: '11 emails are in the dead-letter queue (limit: 10). Nobody has received them.',
  },
  {
    alert: 'ScheduledTaskDied',
    under: {
      ...everywhere('fmhl_dlq_size', 'queue="scheduled"', 0),
      ...everywhere('fmhl_dlq_size', 'queue="email_send"', 11),
    },
    over: everywhere('fmhl_dlq_size', 'queue="scheduled"', 1),
    labels: { queue: 'scheduled' },
    summary: 'A scheduled task has failed for good',
    description:
      '1 runs of scheduled tasks are in the dead-letter queue. What they were to do has not been done.',
  },
];
