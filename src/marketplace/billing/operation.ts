import type { Metrics } from '../../ops/metrics/registry.ts';
import { HttpError } from '../../platform/http/errors.ts';
import { InsufficientFundsError } from './ledger.ts';

export interface BillingMetrics {
  /** `fmhl_billing_operation_duration_ms`. */
  duration: { observe: (ms: number) => void };
  /** `fmhl_billing_failures_total`. */
  failures: { inc: () => void };
}

export function createBillingMetrics(metrics: Metrics): BillingMetrics {
  return {
    duration: metrics.histogram('fmhl_billing_operation_duration_ms'),
    failures: metrics.counter('fmhl_billing_failures_total'),
  };
}

/**
 * Runs one billing operation, its whole transaction included, and observes how long it took, however it
 * ended. It counts as failed unless the provider can't pay or the caller is at fault (4xx): those are
 * normal outcomes (marketplace.md, "Billing").
 * @throws whatever the work throws
 */
export async function timed<T>(metrics: BillingMetrics, work: () => Promise<T>): Promise<T> {
  const startedMs = performance.now();
  try {
    return await work();
  } catch (error) {
    if (isFailure(error)) metrics.failures.inc();
    throw error;
  } finally {
    metrics.duration.observe(performance.now() - startedMs);
  }
}

function isFailure(error: unknown): boolean {
  if (error instanceof InsufficientFundsError) return false;
  return !(error instanceof HttpError && error.statusCode < 500);
}
