/** Providers and their subscriptions, as admins see them: requests and responses. */
import { z } from 'zod';
import { email, newPassword } from './auth.ts';
import { levelId, providerId, subscriptionId, timestamp, userId } from './ids.ts';
import { money } from './money.ts';
import { pagination, wholeNumber } from './query.ts';
import { LINE, NO_CONTROLS } from './text.ts';

/** Of providers, and of the subscriptions of one. */
export const providerListQuery = z.strictObject({
  page: wholeNumber(1, 1_000_000).default(1),
  limit: wholeNumber(1, 200).default(50),
});

export const providerParams = z.object({ id: providerId });

/** Makes the provider and the user who signs in for it. */
export const createProviderRequest = z.strictObject({
  company_name: z.string().trim().min(1).max(200).regex(LINE, NO_CONTROLS),
  email,
  password: newPassword,
});
export type CreateProviderRequest = z.infer<typeof createProviderRequest>;

export const provider = z.object({
  id: providerId,
  user_id: userId,
  company_name: z.string(),
  email: z.string(),
  balance: money,
  low_balance_threshold: money,
  is_active: z.boolean(),
  active_subscriptions: z.int().nonnegative(),
  created_at: timestamp,
});
export type ProviderBody = z.infer<typeof provider>;

/** Newest first. */
export const providerListResponse = z.object({ providers: z.array(provider), pagination });

export const subscribeRequest = z.strictObject({ competition_level_id: levelId });

export const deactivationReason = z.enum(['insufficient_funds', 'admin', 'provider']);
export type DeactivationReason = z.infer<typeof deactivationReason>;

export const subscription = z.object({
  id: subscriptionId,
  provider_id: providerId,
  competition_level_id: levelId,
  level_name: z.string(),
  /** The slug of the level's niche. */
  niche: z.string(),
  price_per_lead: money,
  is_active: z.boolean(),
  /** Null while it is active. One that lacks money resumes by itself. */
  deactivation_reason: deactivationReason.nullable(),
  deactivated_at: timestamp.nullable(),
  last_received_at: timestamp.nullable(),
  created_at: timestamp,
});
export type SubscriptionBody = z.infer<typeof subscription>;

/** Newest first. */
export const subscriptionListResponse = z.object({ subscriptions: z.array(subscription), pagination });
export const subscriptionParams = z.object({ id: providerId, subscriptionId });
