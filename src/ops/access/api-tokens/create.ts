import { permissionsOf } from '../../../../contract/access.ts';
import {
  API_TOKEN_PREFIX,
  type CreateTokenRequest,
  LONGEST_TOKEN_DAYS,
  MOST_API_TOKENS,
} from '../../../../contract/tokens.ts';
import { badField, HttpError } from '../../../platform/http/errors.ts';
import type { Actor } from '../../../platform/http/types.ts';
import { record } from '../../audit/record.ts';
import { lockUser } from '../store.ts';
import { hashToken, newToken } from '../tokens.ts';
import type { AccessDeps } from '../types.ts';
import { countTokens, insertToken, type TokenRow } from './store.ts';

const DAY_MS = 86_400_000;

/**
 * Makes a token for its maker's programs.
 * @returns the token itself as `secret`: it is stored as a hash, so this is the only time
 * @throws HttpError `bad_request` for a permission that the maker has not, or an expiry that is not within a
 *   year; `conflict` when the maker has as many as one may have
 */
export async function createToken(
  { db, clock }: Pick<AccessDeps, 'db' | 'clock'>,
  request: CreateTokenRequest,
  actor: Actor,
): Promise<{ row: TokenRow; secret: string }> {
  const nowMs = clock.now();
  const permissions = [...new Set(request.permissions)];
  const mine: readonly string[] = permissionsOf(actor.role);
  const foreign = request.permissions.findIndex((name) => !mine.includes(name));
  if (foreign !== -1) throw badField(`permissions.${foreign}`, 'is not one of yours');
  const expiresAt = new Date(request.expires_at);
  const left = expiresAt.getTime() - nowMs;
  if (!(left > 0 && left <= LONGEST_TOKEN_DAYS * DAY_MS)) {
    throw badField('expires_at', `must be in the future, at most ${LONGEST_TOKEN_DAYS} days away`);
  }

  const secret = API_TOKEN_PREFIX + newToken();
  const now = new Date(nowMs);
  const row = await db.transaction().execute(async (tx) => {
    // Tokens of one user are counted one after another.
    await lockUser(tx, actor.userId);
    if ((await countTokens(tx, actor.userId, now)) >= MOST_API_TOKENS) throw new HttpError('conflict');
    const { name } = request;
    const made = await insertToken(tx, {
      ...{ hash: hashToken(secret), owner: actor.userId, name },
      ...{ permissions, now, expiresAt },
    });
    await record(tx, actor, {
      action: 'token.create',
      target: { type: 'api_token', id: made.id },
      reason: request.reason,
      changes: { name, permissions, expires_at: expiresAt.toISOString() },
    });
    return made;
  });
  return { row, secret };
}
