import { randomUUID } from 'node:crypto';
import type { LeadId } from '../../../contract/ids.ts';
import { record } from '../../ops/audit/record.ts';
import { HttpError } from '../../platform/http/errors.ts';
import type { Actor } from '../../platform/http/types.ts';
import type { Clock } from '../../platform/lifecycle/clock.ts';
import type { Logger } from '../../platform/logging/logger.ts';
import type { Db } from '../../platform/postgres/db.ts';
import type { DistributionQueue } from './queue.ts';
import { requestDistribution } from './request.ts';
import { statusOfLead } from './status-store.ts';

export interface TriggerDeps {
  db: Db;
  clock: Clock;
  /** `lead_distribution`, with the configuration's overrides applied. */
  distributionQueue: DistributionQueue;
}

/** Who asks, and the log of the request. */
export interface AdminRequest {
  actor: Actor;
  logger: Logger;
}

/**
 * Has an approved lead distributed once more: its levels may have places left, or new subscribers.
 * @returns the id of a new job
 * @throws HttpError `not_found`; `conflict` when the lead is not approved
 */
export async function triggerDistribution(
  { db, clock, distributionQueue }: TriggerDeps,
  leadId: LeadId,
  { actor, logger }: AdminRequest,
): Promise<string> {
  const jobId = await db.transaction().execute(async (tx) => {
    const status = await statusOfLead(tx, leadId);
    if (status === null) throw new HttpError('not_found');
    // An approved lead stays approved: there is nothing to lock.
    if (status !== 'approved') {
      throw new HttpError('conflict', {
        details: [{ field: 'status', message: `is ${status}, not approved` }],
      });
    }
    const id = await requestDistribution(tx, distributionQueue, {
      leadId,
      actor,
      at: new Date(clock.now()),
      jobId: `distribute-${leadId}-${randomUUID()}`,
    });
    const target = { type: 'lead', id: leadId } as const;
    await record(tx, actor, { action: 'lead.distribute', target, changes: { job_id: id } });
    return id;
  });
  logger.info('distribution_requested', { lead_id: leadId, job_id: jobId, admin_id: actor.userId });
  return jobId;
}
