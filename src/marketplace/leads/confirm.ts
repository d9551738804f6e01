import type { LeadId } from '../../../contract/ids.ts';
import { HttpError } from '../../platform/http/errors.ts';
import type { Clock } from '../../platform/lifecycle/clock.ts';
import type { Logger } from '../../platform/logging/logger.ts';
import type { Db } from '../../platform/postgres/db.ts';
import { confirmationExists, markConfirmed, useConfirmation } from './store.ts';
import { hashToken } from './token.ts';

/**
 * Confirms the lead that a token was made for; from then on it waits for an admin's approval. A token
 * works once, also when it is used many times at once.
 * @throws HttpError `not_found` for a token that was never given out; `gone` for one that was used or has
 * expired, or whose lead was decided meanwhile
 */
export async function confirmLead(
  { db, clock }: { db: Db; clock: Clock },
  token: string,
  logger: Logger,
): Promise<LeadId> {
  const tokenHash = hashToken(token);
  const now = new Date(clock.now());
  const { id, niche } = await db.transaction().execute(async (tx) => {
    const leadId = await useConfirmation(tx, tokenHash, now);
    if (leadId === null) {
      throw new HttpError((await confirmationExists(tx, tokenHash)) ? 'gone' : 'not_found');
    }
    const slug = await markConfirmed(tx, leadId, now);
    if (slug === null) throw new HttpError('gone');
    return { id: leadId, niche: slug };
  });
  logger.info('lead_confirmed', { lead_id: id, niche });
  return id;
}
