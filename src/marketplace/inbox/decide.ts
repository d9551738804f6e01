import type { AssignmentId, LeadId, ProviderId } from '../../../contract/ids.ts';
import { HttpError } from '../../platform/http/errors.ts';
import type { Clock } from '../../platform/lifecycle/clock.ts';
import type { Logger } from '../../platform/logging/logger.ts';
import type { Db } from '../../platform/postgres/db.ts';
import { decideNew, findDecision } from './store.ts';

export interface DecideRequest {
  providerId: ProviderId;
  leadId: LeadId;
  status: 'accepted' | 'rejected';
}

export interface Decided {
  assignmentId: AssignmentId;
  status: 'accepted' | 'rejected';
  decidedAt: Date;
}

/**
 * Accepts or rejects a lead that is `new`. The same decision again changes nothing and answers what stands.
 * @throws HttpError `not_found` when the provider was not assigned that lead; `conflict` when it decided
 * otherwise before
 */
export async function decideLead(
  { db, clock, logger }: { db: Db; clock: Clock; logger: Logger },
  request: DecideRequest,
): Promise<Decided> {
  const { providerId, leadId, status } = request;
  const decided = await decideNew(db, { ...request, at: new Date(clock.now()) });
  if (decided !== null) {
    const facts = { lead_id: leadId, assignment_id: decided.assignment_id, provider_id: providerId };
    logger.info(`assignment_${status}`, facts);
  }
  const standing = decided ?? (await findDecision(db, providerId, leadId));
  if (standing === null) throw new HttpError('not_found');
  if (standing.status !== status || standing.decided_at === null) throw new HttpError('conflict');
  return { assignmentId: standing.assignment_id, status, decidedAt: standing.decided_at };
}
