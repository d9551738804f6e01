import type { LeadId } from '../../../contract/ids.ts';
import { enqueueIn } from '../../ops/outbox/enqueue-in.ts';
import type { Actor } from '../../platform/http/types.ts';
import type { Tx } from '../../platform/postgres/db.ts';
import type { DistributionQueue } from './queue.ts';

export interface DistributionRequest {
  leadId: LeadId;
  /**
   * The admin who approved the lead or asked for its distribution again; the job and the ledger entries that
   * the request leads to carry its correlation id.
   */
  actor: Actor;
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
  { leadId, actor, at, jobId }: DistributionRequest,
): Promise<string> {
  return enqueueIn(
    tx,
    queue,
    {
      lead_id: leadId,
      triggered_by: { actor_id: actor.userId, actor_role: 'admin' },
      requested_at: at.toISOString(),
    },
    { correlationId: actor.correlationId, jobId },
  );
}
