import { distributionPayload } from '../../../contract/distribution.ts';
import { defineQueue, type QueueDefinition } from '../../ops/queues/definition.ts';

export type DistributionQueue = QueueDefinition<typeof distributionPayload>;

/** The queue of leads to distribute (Epic 06); attempts and backoff as marketplace.md has them. */
export const leadDistribution: DistributionQueue = defineQueue({
  name: 'lead_distribution',
  jobName: 'distribute_lead',
  payload: distributionPayload,
  attempts: 5,
  backoffMs: [5_000, 15_000, 45_000, 120_000, 300_000],
  timeoutMs: 60_000,
  concurrency: 5,
});
