/** Time-based one-time passwords (RFC 6238) as every authenticator app makes them: SHA-1, 6 digits, 30 s. */
import { Secret, TOTP } from 'otpauth';

const ISSUER = 'FMHL';
const PERIOD_SECONDS = 30;
/** Steps that a clock may be ahead or behind. */
const WINDOW = 1;

/** A new secret of 160 random bits, in base32. */
export function newTotpSecret(): string {
  return new Secret({ size: 20 }).base32;
}

/** What an authenticator app reads from a QR code. */
export function otpauthUrl(secret: string, email: string): string {
  return new TOTP({ issuer: ISSUER, label: email, secret: Secret.fromBase32(secret) }).toString();
}

/**
 * The time step that a code belongs to, or null when it is the code of none of the steps that are valid
 * now: the current one, the one before and the one after.
 */
export function stepOfCode(secret: string, code: string, nowMs: number): number | null {
  const totp = new TOTP({ secret: Secret.fromBase32(secret), period: PERIOD_SECONDS });
  const delta = totp.validate({ token: code, timestamp: nowMs, window: WINDOW });
  return delta === null ? null : totp.counter({ timestamp: nowMs }) + delta;
}
