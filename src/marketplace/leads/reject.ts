import type { LeadId } from '../../../contract/ids.ts';
import { changed, record } from '../../ops/audit/record.ts';
import type { Clock } from '../../platform/lifecycle/clock.ts';
import type { Db } from '../../platform/postgres/db.ts';
import type { AdminRequest } from '../distribution/trigger.ts';
import { decide } from './decide.ts';

/**
 * Rejects a lead: it is not distributed.
 * @throws HttpError `not_found`; `conflict` when the lead does not wait for approval
 */
export async function rejectLead(
  { db, clock }: { db: Db; clock: Clock },
  { leadId, reason }: { leadId: LeadId; reason: string },
  { actor, logger }: AdminRequest,
): Promise<void> {
  const at = new Date(clock.now());
  await db.transaction().execute(async (tx) => {
    await decide(tx, leadId, { status: 'rejected', by: actor.userId, at, reason });
    await record(tx, actor, {
      action: 'lead.reject',
      target: { type: 'lead', id: leadId },
      reason,
      changes: { status: changed('pending_approval', 'rejected') },
    });
  });
  logger.info('lead_rejected', { lead_id: leadId, admin_id: actor.userId });
}
