/** API tokens: what programs come with instead of a session, as `Authorization: Bearer fmhl_…`. */
import { z } from 'zod';
import { permission, tokenPermission } from './access.ts';
import { cursor, reason } from './dead-letters.ts';
import { apiTokenId, timestamp, userId } from './ids.ts';
import { wholeNumber } from './query.ts';
import { LINE, NO_CONTROLS } from './text.ts';

/** What every token begins with, so that secret scanners find one that was published. */
export const API_TOKEN_PREFIX = 'fmhl_';
/** So many of one user stand at a time; more are 409. */
export const MOST_API_TOKENS = 50;
export const LONGEST_TOKEN_DAYS = 365;

export const apiToken = z.object({
  id: apiTokenId,
  name: z.string(),
  owner_id: userId,
  owner_email: z.string(),
  /** What it was given. It can do what its owner may still do of that. */
  permissions: z.array(permission),
  created_at: timestamp,
  expires_at: timestamp,
  /** To the minute; null for never. */
  last_used_at: timestamp.nullable(),
});
export type ApiTokenBody = z.infer<typeof apiToken>;

export const tokenListQuery = z.strictObject({
  limit: wholeNumber(1, 200).default(50),
  cursor: cursor.optional(),
});
/** One's own; an admin's list is everybody's. Newest first; expired ones are kept for 30 days. */
export const tokenListResponse = z.object({ tokens: z.array(apiToken), next_cursor: z.string().nullable() });

export const createTokenRequest = z.strictObject({
  name: z.string().trim().min(1).max(100).regex(LINE, NO_CONTROLS),
  /** Of those that the maker has. */
  permissions: z.array(tokenPermission).min(1).max(tokenPermission.options.length),
  /** In the future, at most a year away. */
  expires_at: z.iso.datetime({ offset: true }),
  reason,
});
export type CreateTokenRequest = z.infer<typeof createTokenRequest>;
/** `secret` is the token itself, shown this once. */
export const createTokenResponse = z.object({ token: apiToken, secret: z.string() });

export const tokenParams = z.object({ id: apiTokenId });
export const revokeTokenQuery = z.strictObject({ reason });
