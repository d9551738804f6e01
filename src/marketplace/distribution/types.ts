import type { DistributionPayload } from '../../../contract/distribution.ts';
import type { CorrelationId, LeadId } from '../../../contract/ids.ts';
import type { Clock } from '../../platform/lifecycle/clock.ts';
import type { Logger } from '../../platform/logging/logger.ts';
import type { Db } from '../../platform/postgres/db.ts';
import type { BillingMetrics } from '../billing/operation.ts';
import type { EmailQueue } from '../email/queue.ts';

export interface DistributionMetrics {
  /** `fmhl_assignments_created_total`. */
  created: { inc: () => void };
  /** `fmhl_assignments_skipped_insufficient_balance_total`. */
  skipped: { inc: () => void };
  /** `fmhl_distribution_duration_ms`. */
  duration: { observe: (ms: number) => void };
  billing: BillingMetrics;
}

export interface DistributionDeps {
  db: Db;
  clock: Clock;
  /** `email_send`, with the configuration's overrides applied. */
  emailQueue: EmailQueue;
  metrics: DistributionMetrics;
}

/** One run of the distribution of one lead. */
export interface Run {
  leadId: LeadId;
  triggeredBy: DistributionPayload['triggered_by'];
  correlationId: CorrelationId | null;
  /** Looked at between two providers. */
  signal: AbortSignal;
  logger: Logger;
}

/** What a run did; what earlier runs of the lead did is not in it. */
export interface Outcome {
  /** Position of the level it started at; null when the niche has no active level. */
  startPosition: number | null;
  assigned: number;
  /** Providers that could not pay, each once for a lead. */
  skipped: number;
  /** Providers whose billing failed. */
  failed: number;
}
