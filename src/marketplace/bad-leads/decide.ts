import type { AssignmentId } from '../../../contract/ids.ts';
import { changed, record } from '../../ops/audit/record.ts';
import type { Clock } from '../../platform/lifecycle/clock.ts';
import type { Logger } from '../../platform/logging/logger.ts';
import { HttpError } from '../../platform/http/errors.ts';
import type { Actor } from '../../platform/http/types.ts';
import type { Db, Tx } from '../../platform/postgres/db.ts';
import { findDecision, lockReport, markDecided, type Decision, type DecisionRow } from './store.ts';

export interface DecideDeps {
  db: Db;
  clock: Clock;
  logger: Logger;
}

export interface DecideRequest {
  assignmentId: AssignmentId;
  actor: Actor;
  memo: string;
}

/**
 * Decides a pending report in one transaction with what else the decision means. The same decision again
 * changes nothing.
 * @param consequences what else is done in the transaction, the first time; resolves to what the audit log
 *   says of it
 * @returns how the report stands, and whether this call decided it
 * @throws HttpError `not_found` when the assignment was not reported; `conflict` when the report was decided
 * otherwise
 */
export async function decideReport(
  { db, clock }: DecideDeps,
  request: DecideRequest,
  status: Decision['status'],
  consequences: (tx: Tx, at: Date) => Promise<Record<string, unknown>>,
): Promise<{ isNew: boolean; decision: DecisionRow }> {
  const { assignmentId, actor, memo } = request;
  return db.transaction().execute(async (tx) => {
    const standing = await lockReport(tx, assignmentId);
    if (standing === null) throw new HttpError('not_found');
    if (standing !== 'pending' && standing !== status) throw new HttpError('conflict');
    const isNew = standing === 'pending';
    if (isNew) {
      const at = new Date(clock.now());
      await markDecided(tx, { assignmentId, status, by: actor.userId, memo, at });
      const others = await consequences(tx, at);
      await record(tx, actor, {
        action: status === 'approved' ? 'bad_lead.approve' : 'bad_lead.reject',
        target: { type: 'assignment', id: assignmentId },
        reason: memo,
        changes: { status: changed(standing, status), ...others },
      });
    }
    return { isNew, decision: await findDecision(tx, assignmentId) };
  });
}
