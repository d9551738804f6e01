import type { ProviderId, SubscriptionId } from '../../../contract/ids.ts';
import { changed, record } from '../../ops/audit/record.ts';
import { HttpError } from '../../platform/http/errors.ts';
import { lockBalance } from '../billing/ledger.ts';
import type { SubscribeDeps, SubscriptionRequest } from './subscribe.ts';
import { findSubscription, markUnsubscribed, type SubscriptionRow } from './subscription-store.ts';

/**
 * Deactivates a subscription by an admin's decision; it resumes only when it is subscribed again, whatever
 * the balance. Again: changes nothing.
 * @throws HttpError `not_found` when the provider has no such subscription
 */
export async function unsubscribe(
  { db, clock }: SubscribeDeps,
  { providerId, id }: { providerId: ProviderId; id: SubscriptionId },
  { actor, logger }: SubscriptionRequest,
): Promise<SubscriptionRow> {
  const { subscription, isNew } = await db.transaction().execute(async (tx) => {
    // The provider before its subscriptions, as everywhere.
    await lockBalance(tx, providerId);
    const before = await findSubscription(tx, providerId, id);
    if (before === null) throw new HttpError('not_found');
    const marked = await markUnsubscribed(tx, id, new Date(clock.now()));
    if (marked) {
      await record(tx, actor, {
        action: 'provider.unsubscribe',
        target: { type: 'subscription', id },
        changes: {
          provider_id: providerId,
          is_active: changed(before.is_active, false),
          deactivation_reason: changed(before.deactivation_reason, 'admin'),
        },
      });
    }
    return { subscription: await findSubscription(tx, providerId, id), isNew: marked };
  });
  if (subscription === null) throw new HttpError('not_found');
  if (isNew) logger.info('provider_unsubscribed', { provider_id: providerId, subscription_id: id });
  return subscription;
}
