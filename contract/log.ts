/** The shape of a log line (Epic 12, "Logging") and the registry of event names. */
import { z } from 'zod';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Every event that a log line may carry. One line tells one event; add a name here before you log it. */
export const LOG_EVENTS = [
  // lifecycle
  'process_starting',
  'process_ready',
  'process_stopping',
  'process_stopped',
  'process_failed',
  'embedded_postgres_started',
  'embedded_postgres_taken_over',
  'migrations_applied',
  'engine_settings_unsafe',
  'engine_error',
  'database_error',
  'loop_failed',
  'leader_elected',
  'leader_lost',
  'metrics_collect_failed',
  'readiness_changed',
  'setup_token_created',
  'setup_admin_created',
  // http
  'request_completed',
  'request_failed',
  'request_rejected',
  // queues
  'job_enqueued',
  'job_refused',
  'job_started',
  'job_completed',
  'job_attempt_failed',
  'job_failed',
  'job_stalled',
  'queue_paused',
  'queue_resumed',
  'worker_started',
  'worker_stopped',
  'outbox_delivered',
  'outbox_delivery_failed',
  'outbox_taken_back',
  // dead letters
  'dead_letter_captured',
  'dead_letter_set_aside',
  'dead_letter_retried',
  'dead_letter_discarded',
  'dead_letter_reopened',
  'dead_letter_operation_started',
  'dead_letter_operation_finished',
  'dead_letter_operation_failed',
  'dead_letters_expired',
  'dead_letters_exported',
  // access
  'login_succeeded',
  'login_failed',
  'login_locked',
  'mfa_enrolled',
  'mfa_verified',
  'mfa_failed',
  'session_confirmed',
  'confirmation_failed',
  'password_changed',
  'recovery_codes_made',
  'setup_refused',
  'logged_out',
  'sessions_ended',
  'user_created',
  'user_changed',
  'api_token_created',
  'api_token_revoked',
  // marketplace
  'lead_submitted',
  'lead_confirmed',
  'lead_approved',
  'lead_rejected',
  'distribution_requested',
  'distribution_completed',
  'assignment_created',
  'assignment_skipped',
  'assignment_failed',
  'assignment_accepted',
  'assignment_rejected',
  'bad_lead_reported',
  'bad_lead_approved',
  'bad_lead_rejected',
  'balance_adjusted',
  'provider_created',
  'provider_subscribed',
  'provider_unsubscribed',
  'email_sent',
  'email_already_sent',
  'email_not_recorded',
  'report_export_requested',
  'report_export_completed',
  'report_export_failed',
  'report_export_skipped',
  'report_exports_cleaned_up',
  'balance_discrepancy',
  'balance_corrected',
  'balances_reconciled',
  'subscriptions_reactivated',
] as const;
export const logEvent = z.enum(LOG_EVENTS);
export type LogEvent = z.infer<typeof logEvent>;

export const PROCESS_ROLES = ['start', 'api', 'worker', 'housekeeping', 'cli'] as const;
export const processRole = z.enum(PROCESS_ROLES);
export type ProcessRole = z.infer<typeof processRole>;

/** One line of the log, as JSON. */
export const logLine = z.strictObject({
  level: z.enum(LOG_LEVELS),
  /** When, in ISO 8601, UTC. */
  time: z.iso.datetime(),
  event: logEvent,
  /** The request that caused it; null for what no request caused. */
  correlation_id: z.uuid().nullable(),
  /** Facts of the event. Ids, counts and reasons; never a password, token, email or phone. */
  metadata: z.record(z.string(), z.unknown()),
  role: processRole,
  version: z.string(),
  pid: z.int(),
  /** For an error: its class, message and stack. */
  error: z
    .object({
      type: z.string(),
      message: z.string(),
      stack: z.string().optional(),
      code: z.string().optional(),
    })
    .optional(),
});
export type LogLine = z.infer<typeof logLine>;
