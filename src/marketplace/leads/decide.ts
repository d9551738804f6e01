import type { LeadId } from '../../../contract/ids.ts';
import { HttpError } from '../../platform/http/errors.ts';
import type { Tx } from '../../platform/postgres/db.ts';
import { lockStatus, markDecided, type Decision } from './admin-store.ts';

/**
 * Decides a lead that waits for it; of several decisions at once the lead's lock lets one through.
 * @throws HttpError `not_found`; `conflict`, with the status it is in, when it does not wait for a decision
 */
export async function decide(tx: Tx, id: LeadId, decision: Decision): Promise<void> {
  const status = await lockStatus(tx, id);
  if (status === null) throw new HttpError('not_found');
  if (status !== 'pending_approval') {
    throw new HttpError('conflict', {
      details: [{ field: 'status', message: `is ${status}, not pending_approval` }],
    });
  }
  await markDecided(tx, id, decision);
}
