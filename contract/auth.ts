/** Sign-in of staff and providers, and what everybody may do to their own access. A session grows from `enrol` or `challenge` to `full`. */
import { z } from 'zod';
import { permission, userRole } from './access.ts';
import { sessionId, timestamp, userId } from './ids.ts';

/**
 * `enrol`: the password was right, the user must set up MFA first. `challenge`: a TOTP code is due.
 * `full`: signed in. A provider without MFA is `full` after the password; staff never are.
 */
export const sessionStage = z.enum(['enrol', 'challenge', 'full']);
export type SessionStage = z.infer<typeof sessionStage>;

export const email = z.email().max(254);
/** At least 12 characters; at most 200, so that hashing stays bounded. */
export const newPassword = z.string().min(12).max(200);
/**
 * A TOTP secret in base32, as authenticator apps show it: spaces, hyphens, padding and lower case are
 * taken away. At least 16 characters (80 bits); 32 (160 bits) are better.
 */
export const totpSecret = z
  .string()
  .max(200)
  .overwrite((text) => text.replace(/[\s=-]/g, '').toUpperCase())
  .regex(/^[A-Z2-7]{16,128}$/, 'must be base32, 16 to 128 characters')
  // 1, 3 or 6 characters after the last full group of 8 can't be decoded (RFC 4648).
  .refine((text) => ![1, 3, 6].includes(text.length % 8), 'must be whole base32');
export const totpCode = z.string().regex(/^\d{6}$/, 'must be 6 digits');
/**
 * Good once instead of a TOTP code: 16 letters and digits of base32, shown as `abcd-efgh-ijkl-mnop`. Spaces and
 * hyphens are taken away, and 0 and 1 are read as the letters that they look like: base32 has neither.
 */
export const recoveryCode = z
  .string()
  .max(60)
  .overwrite((text) => text.replace(/[\s-]/g, '').toLowerCase().replaceAll('0', 'o').replaceAll('1', 'l'))
  .regex(/^[a-z2-7]{16}$/, 'must be 6 digits or a recovery code');
/** The second factor: 6 digits, or a recovery code. */
export const secondFactor = z.union([totpCode, recoveryCode], 'must be 6 digits or a recovery code');

export const loginRequest = z.strictObject({ email, password: z.string().min(1).max(200) });
export const setupRequest = z.strictObject({
  token: z.string().min(1).max(200),
  email,
  password: newPassword,
});
export const mfaVerifyRequest = z.strictObject({ code: secondFactor });

export const sessionResponse = z.object({ stage: sessionStage, token: z.string() });
/** How many recovery codes a user has after setting up MFA. */
export const RECOVERY_CODES = 10;
export const recoveryCodesResponse = z.object({ recovery_codes: z.array(z.string()) });
/** `recovery_codes` stand in the answer that confirmed a new secret, and are shown this once. */
export const mfaVerifyResponse = sessionResponse.extend({
  recovery_codes: recoveryCodesResponse.shape.recovery_codes.optional(),
});
export const enrolResponse = z.object({ secret: z.string(), otpauth_url: z.string() });
export const meResponse = z.object({
  id: userId,
  email: z.string(),
  role: userRole,
  stage: sessionStage,
  mfa_enrolled: z.boolean(),
  /** What this session may do: of the table in access.ts; none before it is `full`. */
  permissions: z.array(permission),
  /** When the session ends however busy it is. Unused, one of staff ends after 30 minutes. */
  expires_at: timestamp,
  /** Until when dangerous actions are let through without `POST /auth/confirm`; null when they are not. */
  confirmed_until: timestamp.nullable(),
  recovery_codes_left: z.int().nonnegative(),
});
export type Me = z.infer<typeof meResponse>;
export const okResponse = z.object({ ok: z.literal(true) });

/** `code` is left out by who has no MFA, which a provider may. */
export const confirmRequest = z.strictObject({
  password: z.string().min(1).max(200),
  code: secondFactor.optional(),
});
export const confirmResponse = z.object({ ok: z.literal(true), confirmed_until: timestamp });

export const passwordRequest = z.strictObject({ current: z.string().min(1).max(200), new: newPassword });

export const session = z.object({
  id: sessionId,
  stage: sessionStage,
  created_at: timestamp,
  /** To the minute. */
  last_seen_at: timestamp,
  expires_at: timestamp,
  ip: z.string(),
  /** What the browser calls itself. */
  user_agent: z.string().nullable(),
  /** The one that asks. */
  current: z.boolean(),
});
export type SessionBody = z.infer<typeof session>;
/** The latest 100, the last used first. */
export const sessionListResponse = z.object({ sessions: z.array(session) });
export const sessionParams = z.object({ id: sessionId });
export const sessionsEndedResponse = z.object({ ok: z.literal(true), ended: z.int().nonnegative() });
