/**
 * Every metric of FMHL: its exact name, type, labels, help text and, for histograms, its buckets.
 * Names of Epic 12 are fixed, also where Prometheus would rather have seconds than `_ms`; our own use the
 * base units, as `_seconds`.
 */
export interface MetricSpec {
  type: 'counter' | 'gauge' | 'histogram';
  help: string;
  labels: readonly string[];
  buckets?: readonly number[];
}

/**
 * Milliseconds from 1 ms to 60 s. 1000 and 2000 are bounds of their own because the alerts compare a
 * quantile with them, and a quantile is exact only at a bound.
 */
export const DURATION_BUCKETS_MS = [
  1, 2.5, 5, 10, 25, 50, 100, 250, 500, 750, 1000, 1500, 2000, 3000, 5000, 10_000, 30_000, 60_000,
] as const;

const counter = (help: string, labels: readonly string[] = []): MetricSpec => ({
  type: 'counter',
  help,
  labels,
});
const gauge = (help: string, labels: readonly string[] = []): MetricSpec => ({ type: 'gauge', help, labels });
const durationMs = (help: string, labels: readonly string[] = []): MetricSpec => ({
  type: 'histogram',
  help,
  labels,
  buckets: DURATION_BUCKETS_MS,
});

export const METRICS = {
  // Epic 12: application
  fmhl_leads_submitted_total: counter('Leads submitted by end users.'),
  fmhl_leads_approved_total: counter('Leads approved by an admin.'),
  fmhl_assignments_created_total: counter('Leads assigned to a provider and charged.'),
  fmhl_assignments_skipped_insufficient_balance_total: counter(
    'Assignments skipped because the provider could not pay.',
  ),
  fmhl_bad_leads_reported_total: counter('Assignments reported as bad by a provider.'),
  fmhl_refunds_approved_total: counter('Bad-lead reports approved and refunded.'),
  fmhl_billing_failures_total: counter(
    'Billing operations that failed for another reason than insufficient funds.',
  ),
  fmhl_distribution_duration_ms: durationMs('Time to distribute one lead.'),
  fmhl_inbox_query_duration_ms: durationMs('Time of one query of the provider inbox.'),
  fmhl_billing_operation_duration_ms: durationMs('Time of one billing operation.'),

  // Epic 12: queues
  fmhl_jobs_enqueued_total: counter('Jobs handed to the queue.', ['queue']),
  fmhl_jobs_completed_total: counter('Jobs completed.', ['queue']),
  fmhl_jobs_failed_total: counter('Jobs that are finally dead: no attempt is left.', ['queue']),
  fmhl_job_duration_ms: durationMs('Time of one attempt of a job, in the processor.', ['queue']),
  fmhl_queue_depth: gauge('Jobs that are ready to run and wait for a worker.', ['queue']),
  fmhl_dlq_size: gauge('Unresolved dead letters, but for those of muted groups.', ['queue']),

  // Queues and dead letters, beyond the epic
  fmhl_job_attempts_failed_total: counter('Attempts that failed and will be retried.', ['queue']),
  fmhl_job_attempts_timed_out_total: counter('Attempts aborted at the timeout of their queue.', ['queue']),
  fmhl_jobs_refused_total: counter('Jobs refused because their payload does not fit the schema.', ['queue']),
  fmhl_queue_active: gauge('Jobs that a worker is running.', ['queue']),
  fmhl_queue_delayed: gauge('Jobs that wait for their time: delayed, or backing off.', ['queue']),
  fmhl_queue_oldest_waiting_seconds: gauge('Age of the oldest waiting job; 0 when none waits.', ['queue']),
  fmhl_queue_paused: gauge('1 when the queue is paused: its jobs wait, and no worker takes them.', ['queue']),
  fmhl_worker_concurrency: gauge(
    'Jobs of the queue that this process runs at once at most; 0 when it does not serve the queue.',
    ['queue'],
  ),
  fmhl_engine_unsafe_settings: gauge("1 when settings of the engine's server may lose jobs, else 0."),
  fmhl_dlq_muted_size: gauge('Unresolved dead letters of muted groups.', ['queue']),
  fmhl_dlq_expiring: gauge('Unresolved dead letters that retention takes within 3 days.', ['queue']),
  fmhl_dlq_captured_total: counter('Dead letters captured from the engine.', ['queue']),
  fmhl_dlq_retried_total: counter('Dead letters re-enqueued by an admin.', ['queue']),
  fmhl_dlq_discarded_total: counter('Dead letters marked as resolved by an admin.', ['queue']),
  fmhl_dlq_operation_entries_total: counter('Entries worked on by bulk operations, by what became of them.', [
    'outcome',
  ]),
  fmhl_dlq_expired_total: counter('Dead letters removed by retention.', ['queue']),
  fmhl_dlq_capture_lag_seconds: gauge(
    'Age of the oldest dead job not yet captured, at the last sweep; 0 when none waits.',
    ['queue'],
  ),
  fmhl_dlq_set_aside: gauge('Dead jobs that could not be stored and stay in the engine.', ['queue']),
  fmhl_outbox_depth: gauge('Jobs committed to the outbox and not yet handed to the engine.'),
  fmhl_outbox_oldest_seconds: gauge(
    'For how long the job in the outbox that is due longest has been due; 0 when none is.',
  ),
  fmhl_outbox_postponed: gauge('Jobs in the outbox that the engine refused, until they are tried again.'),
  fmhl_outbox_delivered_total: counter('Jobs handed from the outbox to the engine.', ['queue']),
  fmhl_outbox_failures_total: counter('Hand-overs of an outbox job that failed and will be repeated.', [
    'queue',
  ]),

  // Nightly reconciliation of balances
  fmhl_balance_discrepancies_total: counter(
    "Cached balances found to differ from their ledger's sum; one that stays is counted once.",
  ),
  fmhl_balance_corrections_total: counter('Cached balances off by at most 0.01 that were corrected.'),
  fmhl_balances_off: gauge('Providers whose cached balance was off at its last reconciliation.'),
  fmhl_balances_off_over_one: gauge(
    'Providers whose cached balance was off by more than 1.00 at its last reconciliation.',
  ),

  // The process
  fmhl_build_info: gauge('Always 1; version and role of the process.', ['version', 'role']),
  fmhl_http_request_duration_seconds: {
    type: 'histogram',
    help: 'Time of one HTTP request, by route template.',
    labels: ['method', 'route', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  },
  fmhl_api_requests_total: counter('Requests to /api/ by outcome: error when answered with a 5xx, else ok.', [
    'outcome',
  ]),
  fmhl_leader: gauge('1 in the housekeeping process that is elected to work, else 0.'),
  fmhl_loop_runs_total: counter('Rounds of a background loop.', ['loop', 'outcome']),
  fmhl_loop_last_success_timestamp_seconds: gauge(
    'When a background loop last succeeded; until it has, when it was started.',
    ['loop'],
  ),
  fmhl_metrics_collect_failures_total: counter('Gauges that could not be read at a scrape.', ['source']),
  fmhl_ready: gauge('1 when the last readiness check passed, else 0.'),
  fmhl_logins_total: counter('Sign-in attempts.', ['outcome']),
} as const satisfies Record<string, MetricSpec>;

export type MetricName = keyof typeof METRICS;
