import { decideReport, type DecideDeps, type DecideRequest } from './decide.ts';
import type { DecisionRow } from './store.ts';

/**
 * Rejects a bad-lead report: the charge stands. Rejecting again answers the same state.
 * @throws HttpError `not_found` when the assignment was not reported; `conflict` after an approval
 */
export async function rejectBadLead(deps: DecideDeps, request: DecideRequest): Promise<DecisionRow> {
  const { isNew, decision } = await decideReport(deps, request, 'rejected', () => Promise.resolve({}));
  if (isNew) {
    deps.logger.info('bad_lead_rejected', {
      assignment_id: request.assignmentId,
      user_id: request.actor.userId,
    });
  }
  return decision;
}
