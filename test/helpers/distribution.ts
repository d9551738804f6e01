import type { DistributionPayload } from '../../contract/distribution.ts';
import type { LeadId } from '../../contract/ids.ts';
import { distributeLead } from '../../src/marketplace/distribution/distribute.ts';
import { createDistributionMetrics } from '../../src/marketplace/distribution/processor.ts';
import type { DistributionDeps, Outcome } from '../../src/marketplace/distribution/types.ts';
import { emailSend } from '../../src/marketplace/email/queue.ts';
import { createMetrics } from '../../src/ops/metrics/registry.ts';
import { newCorrelationId } from '../../src/platform/http/correlation.ts';
import type { Clock } from '../../src/platform/lifecycle/clock.ts';
import type { Db } from '../../src/platform/postgres/db.ts';
import { fakeClock } from './access-server.ts';
import { captureLog, type CapturedLog } from './log.ts';

export const SYSTEM: DistributionPayload['triggered_by'] = { actor_id: null, actor_role: 'system' };

/** Runs distributions without a queue, and counts what they count. */
export interface Distributor {
  deps: DistributionDeps;
  log: CapturedLog;
  distribute: (leadId: LeadId, signal?: AbortSignal) => Promise<Outcome>;
  /** The value of a metric without labels. */
  metric: (name: string) => Promise<number>;
}

/** By default on a clock that stands still: nothing may depend on its moving. */
export function createDistributor(db: Db, clock: Clock = fakeClock()): Distributor {
  const log = captureLog();
  const metrics = createMetrics({ role: 'worker', version: '0.0.0', queues: [], logger: log.logger });
  const deps = { db, clock, emailQueue: emailSend, metrics: createDistributionMetrics(metrics) };
  return {
    deps,
    log,
    distribute: (leadId, signal = new AbortController().signal) =>
      distributeLead(deps, {
        leadId,
        triggeredBy: SYSTEM,
        correlationId: newCorrelationId(),
        signal,
        logger: log.logger,
      }),
    metric: async (name) => {
      const line = (await metrics.expose()).split('\n').find((one) => one.startsWith(`${name} `));
      return Number(line?.slice(name.length + 1) ?? Number.NaN);
    },
  };
}
