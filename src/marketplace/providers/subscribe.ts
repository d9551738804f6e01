import type { LevelId, ProviderId } from '../../../contract/ids.ts';
import { badField, HttpError } from '../../platform/http/errors.ts';
import type { Clock } from '../../platform/lifecycle/clock.ts';
import type { Logger } from '../../platform/logging/logger.ts';
import type { Db } from '../../platform/postgres/db.ts';
import { lockBalance } from '../billing/ledger.ts';
import { findSubscription, priceOf, putSubscription, type SubscriptionRow } from './subscription-store.ts';

export interface SubscribeDeps {
  db: Db;
  clock: Clock;
}

/**
 * Subscribes a provider to a competition level. With too little balance for one lead the subscription is
 * inactive until there is enough. A subscription that was deactivated resumes, and keeps its place.
 * @throws HttpError `not_found` for an unknown provider, `bad_request` for an unknown level
 */
export async function subscribe(
  { db, clock }: SubscribeDeps,
  { providerId, levelId }: { providerId: ProviderId; levelId: LevelId },
  logger: Logger,
): Promise<{ subscription: SubscriptionRow; isNew: boolean }> {
  const { subscription, isNew } = await db.transaction().execute(async (tx) => {
    const balance = await lockBalance(tx, providerId);
    if (balance === null) throw new HttpError('not_found');
    const price = await priceOf(tx, levelId);
    if (price === null) throw badField('competition_level_id', 'is not a level of ours');
    const put = await putSubscription(tx, {
      providerId,
      levelId,
      deactivationReason: price > balance ? 'insufficient_funds' : null,
      now: new Date(clock.now()),
    });
    return { subscription: await findSubscription(tx, providerId, put.id), isNew: put.isNew };
  });
  if (subscription === null) throw new Error('The subscription is not there');
  logger.info('provider_subscribed', {
    provider_id: providerId,
    subscription_id: subscription.id,
    is_active: subscription.is_active,
  });
  return { subscription, isNew };
}
