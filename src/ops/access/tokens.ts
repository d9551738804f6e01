import { createHash, randomBytes } from 'node:crypto';

/** A session or set-up token: 256 random bits in base64url, 43 characters. */
export function newToken(): string {
  return randomBytes(32).toString('base64url');
}

/**
 * What is stored of a token. A plain SHA-256 is enough: unlike a password, 256 random bits can't be
 * guessed, so there is nothing to slow down.
 */
export function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** Whether a text could be a token of ours; what could not be is refused without a query. */
export function looksLikeToken(text: string): boolean {
  return /^[A-Za-z0-9_-]{43}$/.test(text);
}
