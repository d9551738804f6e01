import type { LeadId } from '../../../contract/ids.ts';
import { changed, record } from '../../ops/audit/record.ts';
import type { Clock } from '../../platform/lifecycle/clock.ts';
import type { Db } from '../../platform/postgres/db.ts';
import type { DistributionQueue } from '../distribution/queue.ts';
import { requestDistribution } from '../distribution/request.ts';
import type { AdminRequest } from '../distribution/trigger.ts';
import { decide } from './decide.ts';

export interface ApproveDeps {
  db: Db;
  clock: Clock;
  /** `lead_distribution`, with the configuration's overrides applied. */
  distributionQueue: DistributionQueue;
  /** `fmhl_leads_approved_total`. */
  approved: { inc: () => void };
}

/**
 * Approves a lead and has it distributed, in one transaction.
 * @returns the id of the job that distributes it
 * @throws HttpError `not_found`; `conflict` when the lead does not wait for approval
 */
export async function approveLead(
  { db, clock, distributionQueue, approved }: ApproveDeps,
  leadId: LeadId,
  { actor, logger }: AdminRequest,
): Promise<string> {
  const at = new Date(clock.now());
  const jobId = await db.transaction().execute(async (tx) => {
    await decide(tx, leadId, { status: 'approved', by: actor.userId, at, reason: null });
    const request = { leadId, actor, at, jobId: `distribute-${leadId}` };
    const id = await requestDistribution(tx, distributionQueue, request);
    await record(tx, actor, {
      action: 'lead.approve',
      target: { type: 'lead', id: leadId },
      changes: { status: changed('pending_approval', 'approved'), job_id: id },
    });
    return id;
  });
  approved.inc();
  logger.info('lead_approved', { lead_id: leadId, job_id: jobId, admin_id: actor.userId });
  return jobId;
}
