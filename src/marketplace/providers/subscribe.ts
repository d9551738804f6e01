import type { LevelId, ProviderId } from '../../../contract/ids.ts';
import { changed, record } from '../../ops/audit/record.ts';
import { badField, HttpError } from '../../platform/http/errors.ts';
import type { Actor } from '../../platform/http/types.ts';
import type { Clock } from '../../platform/lifecycle/clock.ts';
import type { Logger } from '../../platform/logging/logger.ts';
import type { Db } from '../../platform/postgres/db.ts';
import { lockBalance } from '../billing/ledger.ts';
import {
  findSubscription,
  priceOf,
  putSubscription,
  stateOf,
  type SubscriptionRow,
} from './subscription-store.ts';

export interface SubscribeDeps {
  db: Db;
  clock: Clock;
}

/** The admin who asks, and the log of the request. */
export interface SubscriptionRequest {
  actor: Actor;
  logger: Logger;
}

/**
 * Subscribes a provider to a competition level. With too little balance for one lead the subscription is
 * inactive until there is enough. A subscription that was deactivated resumes, and keeps its place.
 * @throws HttpError `not_found` for an unknown provider, `bad_request` for an unknown level
 */
export async function subscribe(
  { db, clock }: SubscribeDeps,
  { providerId, levelId }: { providerId: ProviderId; levelId: LevelId },
  { actor, logger }: SubscriptionRequest,
): Promise<{ subscription: SubscriptionRow; isNew: boolean }> {
  const { subscription, isNew } = await db.transaction().execute(async (tx) => {
    const balance = await lockBalance(tx, providerId);
    if (balance === null) throw new HttpError('not_found');
    const price = await priceOf(tx, levelId);
    if (price === null) throw badField('competition_level_id', 'is not a level of ours');
    const deactivationReason = price > balance ? 'insufficient_funds' : null;
    // Whoever changes a subscription holds its provider's lock: this is what it was before.
    const before = await stateOf(tx, providerId, levelId);
    const put = await putSubscription(tx, {
      providerId,
      levelId,
      deactivationReason,
      now: new Date(clock.now()),
    });
    if (before === null || before.deactivationReason !== deactivationReason) {
      await record(tx, actor, {
        action: 'provider.subscribe',
        target: { type: 'subscription', id: put.id },
        changes: {
          provider_id: providerId,
          competition_level_id: levelId,
          is_active: changed(before?.isActive ?? null, deactivationReason === null),
          deactivation_reason: changed(before?.deactivationReason ?? null, deactivationReason),
        },
      });
    }
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
