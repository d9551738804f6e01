import type { distributionPayload } from '../../../contract/distribution.ts';
import type { Metrics } from '../../ops/metrics/registry.ts';
import type { Processor } from '../../ops/queues/worker.ts';
import { createBillingMetrics } from '../billing/operation.ts';
import { distributeLead } from './distribute.ts';
import type { DistributionDeps, DistributionMetrics } from './types.ts';

/** Binds the series of distributions once; all are present from the start. */
export function createDistributionMetrics(metrics: Metrics): DistributionMetrics {
  return {
    created: metrics.counter('fmhl_assignments_created_total'),
    skipped: metrics.counter('fmhl_assignments_skipped_insufficient_balance_total'),
    duration: metrics.histogram('fmhl_distribution_duration_ms'),
    billing: createBillingMetrics(metrics),
  };
}

/** The processor of `lead_distribution`. */
export function createDistributionProcessor({
  metrics,
  ...deps
}: Omit<DistributionDeps, 'metrics'> & { metrics: Metrics }): Processor<typeof distributionPayload> {
  const distribution = { ...deps, metrics: createDistributionMetrics(metrics) };
  return async ({ payload, correlationId, signal, logger }) => {
    const { lead_id: leadId, triggered_by: triggeredBy } = payload;
    const outcome = await distributeLead(distribution, {
      leadId,
      triggeredBy,
      correlationId,
      signal,
      logger,
    });
    logger.info('distribution_completed', {
      lead_id: leadId,
      start_level_order_position: outcome.startPosition,
      assigned: outcome.assigned,
      skipped: outcome.skipped,
      failed: outcome.failed,
    });
  };
}
