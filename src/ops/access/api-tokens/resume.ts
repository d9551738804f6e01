import { API_TOKEN_PREFIX } from '../../../../contract/tokens.ts';
import type { Clock } from '../../../platform/lifecycle/clock.ts';
import type { Db } from '../../../platform/postgres/db.ts';
import type { CurrentToken } from '../identity.ts';
import { hashToken, looksLikeToken } from '../tokens.ts';
import { findToken, writeLastUsed } from './store.ts';

/** A write a minute per token, however busy it is. */
const LAST_USED_EVERY_MS = 60_000;

/** The API token of a text, or null when it is none, has expired, or its user can't sign in any more. */
export async function resumeToken(
  { db, clock }: { db: Db; clock: Clock },
  text: string,
): Promise<CurrentToken | null> {
  if (!looksLikeToken(text.slice(API_TOKEN_PREFIX.length))) return null;
  const nowMs = clock.now();
  const token = await findToken(db, hashToken(text), new Date(nowMs));
  if (token === null) return null;
  const { lastUsedAt } = token;
  if (lastUsedAt === null || nowMs - lastUsedAt.getTime() >= LAST_USED_EVERY_MS) {
    await writeLastUsed(db, token.id, new Date(nowMs));
  }
  return token;
}
