import { createHash, randomBytes } from 'node:crypto';

/** A confirmation token: 256 random bits in base64url. */
export function newToken(): string {
  return randomBytes(32).toString('base64url');
}

/** What is stored of a token. 256 random bits can't be guessed, so there is nothing to slow down. */
export function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
