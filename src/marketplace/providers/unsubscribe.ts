import type { ProviderId, SubscriptionId } from '../../../contract/ids.ts';
import { HttpError } from '../../platform/http/errors.ts';
import type { Logger } from '../../platform/logging/logger.ts';
import { lockBalance } from '../billing/ledger.ts';
import type { SubscribeDeps } from './subscribe.ts';
import { findSubscription, markUnsubscribed, type SubscriptionRow } from './subscription-store.ts';

/**
 * Deactivates a subscription by an admin's decision; it resumes only when it is subscribed again, whatever
 * the balance. Again: changes nothing.
 * @throws HttpError `not_found` when the provider has no such subscription
 */
export async function unsubscribe(
  { db, clock }: SubscribeDeps,
  { providerId, id }: { providerId: ProviderId; id: SubscriptionId },
  logger: Logger,
): Promise<SubscriptionRow> {
  const { subscription, isNew } = await db.transaction().execute(async (tx) => {
    // The provider before its subscriptions, as everywhere.
    await lockBalance(tx, providerId);
    if ((await findSubscription(tx, providerId, id)) === null) throw new HttpError('not_found');
    const marked = await markUnsubscribed(tx, id, new Date(clock.now()));
    return { subscription: await findSubscription(tx, providerId, id), isNew: marked };
  });
  if (subscription === null) throw new HttpError('not_found');
  if (isNew) logger.info('provider_unsubscribed', { provider_id: providerId, subscription_id: id });
  return subscription;
}
