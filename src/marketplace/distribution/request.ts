import type { UserId } from '../../../contract/ids.ts';
import type { CorrelationId, LeadId } from '../../../contract/ids.ts';
import { enqueueIn } from '../../ops/outbox/enqueue-in.ts';
import type { Tx } from '../../platform/postgres/db.ts';
import type { DistributionQueue } from './queue.ts';

export interface DistributionRequest {
  leadId: LeadId;
  /** The admin who approved the lead or asked for its distribution again. */
  adminId: UserId;
  /** Of the request; the job and the ledger entries it leads to carry it. */
  correlationId: CorrelationId;
  at: Date;
  /** The same for what must be one job. */
  jobId: string;
}

/**
 * Has an approved lead distributed once the transaction commits.
 * @returns the job's id
 */
export function requestDistribution(
  tx: Tx,
  queue: DistributionQueue,
  { leadId, adminId, correlationId, at, jobId }: DistributionRequest,
): Promise<string> {
  return enqueueIn(
    tx,
    queue,
    {
      lead_id: leadId,
      triggered_by: { actor_id: adminId, actor_role: 'admin' },
      requested_at: at.toISOString(),
    },
    { correlationId, jobId },
  );
}
