import { everywhere, type Proof, type State } from './proof.ts';

const jobs = (failed: number, completed: number): State => ({
  'fmhl_jobs_failed_total{queue="scheduled"}': { grows: failed },
  'fmhl_jobs_completed_total{queue="scheduled"}': { grows: completed },
});

export const QUEUE_PROOFS: readonly Proof[] = [
  {
    alert: 'QueueWithoutWorker',
    // One of two workers is left; the api role runs no jobs.
    under: {
      'fmhl_queue_depth{queue="email_send", instance="api"}': 500,
      'fmhl_worker_concurrency{queue="email_send", instance="api"}': 0,
      'fmhl_worker_concurrency{queue="email_send", instance="worker"}': 10,
      'fmhl_worker_concurrency{queue="scheduled", instance="worker"}': 2,
    },
    over: {
      ...everywhere('fmhl_queue_depth', 'queue="email_send"', 3),
      'fmhl_worker_concurrency{queue="email_send", instance="api"}': 0,
      'fmhl_worker_concurrency{queue="scheduled", instance="worker"}': 2,
    },
    labels: { queue: 'email_send' },
    summary: 'No worker serves queue email_send',
    description:
      '3 jobs wait in email_send, and no process that Prometheus can reach works on it. None of them will be done.',
    alsoSilent: [
      {
        when: 'while nothing waits, though no worker is there',
        phases: [
          [
            {
              'fmhl_queue_depth{queue="email_send"}': 0,
              'fmhl_worker_concurrency{queue="email_send"}': 0,
            },
            40,
          ],
        ],
      },
    ],
  },
  {
    alert: 'QueueOldestJobTooOld',
    under: everywhere('fmhl_queue_oldest_waiting_seconds', 'queue="lead_distribution"', 600),
    over: everywhere('fmhl_queue_oldest_waiting_seconds', 'queue="lead_distribution"', 601),
    labels: { queue: 'lead_distribution' },
    summary: 'A job in queue lead_distribution has waited too long',
    description:
      'The job that is next in lead_distribution has been ready to run for 10m 1s (limit: 10 minutes).',
  },
  {
    alert: 'QueuePaused',
    under: everywhere('fmhl_queue_paused', 'queue="email_send"', 0),
    over: everywhere('fmhl_queue_paused', 'queue="email_send"', 1),
    labels: { queue: 'email_send' },
    summary: 'Queue email_send is paused',
    description:
      'email_send has been paused for half an hour (paused: 1). Its jobs wait until somebody resumes it.',
  },
  {
    alert: 'JobFailureRatioHigh',
    under: jobs(100, 900),
    over: jobs(101, 899),
    after: jobs(0, 1_000),
    fallsAfter: 10,
    labels: { queue: 'scheduled' },
    summary: 'Many jobs of queue scheduled die',
    description: '10.1% of the jobs of scheduled that ended within 15 minutes are dead (limit: 10 %).',
    alsoSilent: [
      {
        when: 'when four of four jobs die: too few to tell',
        phases: [
          [jobs(0, 0), 20],
          [jobs(1, 0), 4],
          [jobs(0, 0), 60],
        ],
      },
    ],
  },
  {
    alert: 'EmailBacklogHigh',
    under: {
      ...everywhere('fmhl_queue_depth', 'queue="email_send"', 1_000),
      ...everywhere('fmhl_queue_depth', 'queue="scheduled"', 5_000),
    },
    over: everywhere('fmhl_queue_depth', 'queue="email_send"', 1_001),
    labels: { queue: 'email_send' },
    summary: 'Emails pile up',
    description:
      '1001 emails wait to be sent (limit: 1000). Confirmations and notices of new leads are late.',
  },
  {
    alert: 'OutboxNotDraining',
    under: everywhere('fmhl_outbox_oldest_seconds', '', 60),
    over: everywhere('fmhl_outbox_oldest_seconds', '', 61),
    summary: 'Jobs do not get from the outbox into their queues',
    description:
      'A job in the outbox has been due for 1m 1s and has not reached its queue (limit: 1 minute). Nothing is lost, but nothing new happens either.',
  },
  {
    alert: 'OutboxJobsRefused',
    under: everywhere('fmhl_outbox_postponed', '', 0),
    over: everywhere('fmhl_outbox_postponed', '', 3),
    // The window.
    fallsAfter: 8,
    summary: 'The queue engine refuses jobs again and again',
    description:
      '3 jobs in the outbox were refused by the queue engine, and are tried again every 5 minutes at least. What they were to do is not done.',
    alsoSilent: [
      {
        when: 'when jobs were refused for ten minutes, and then taken',
        phases: [
          [everywhere('fmhl_outbox_postponed', '', 0), 20],
          [everywhere('fmhl_outbox_postponed', '', 3), 40],
          [everywhere('fmhl_outbox_postponed', '', 0), 60],
        ],
      },
    ],
  },
  {
    alert: 'EngineSettingsUnsafe',
    under: everywhere('fmhl_engine_unsafe_settings', '', 0),
    over: everywhere('fmhl_engine_unsafe_settings', '', 1),
    summary: 'Redis may delete jobs',
    description:
      'The maxmemory-policy of Redis is not noeviction (unsafe: 1). When its memory is full, it will delete jobs without a trace.',
  },
];
