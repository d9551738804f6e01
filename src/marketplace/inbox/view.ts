import type { LeadId, ProviderId } from '../../../contract/ids.ts';
import { HttpError } from '../../platform/http/errors.ts';
import type { Clock } from '../../platform/lifecycle/clock.ts';
import type { Db } from '../../platform/postgres/db.ts';
import { findInInbox, markViewed, type InboxDetailRow } from './store.ts';

/**
 * A lead of the provider's inbox, with everything the end user said; the first time it counts as viewed.
 * @throws HttpError `not_found` when the provider was not assigned that lead
 */
export async function viewLead(
  { db, clock }: { db: Db; clock: Clock },
  providerId: ProviderId,
  leadId: LeadId,
): Promise<InboxDetailRow> {
  await markViewed(db, providerId, leadId, new Date(clock.now()));
  const row = await findInInbox(db, providerId, leadId);
  if (row === null) throw new HttpError('not_found');
  return row;
}
