/** Sign-in of admins and providers. A session grows from `enrol` or `challenge` to `full`. */
import { z } from 'zod';
import { userId } from './ids.ts';

export const userRole = z.enum(['admin', 'provider']);
export type UserRole = z.infer<typeof userRole>;

/**
 * `enrol`: the password was right, the user must set up MFA first. `challenge`: a TOTP code is due.
 * `full`: signed in. A provider without MFA is `full` after the password; an admin never is.
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

export const loginRequest = z.strictObject({ email, password: z.string().min(1).max(200) });
export const setupRequest = z.strictObject({
  token: z.string().min(1).max(200),
  email,
  password: newPassword,
});
export const mfaVerifyRequest = z.strictObject({ code: totpCode });

export const sessionResponse = z.object({ stage: sessionStage, token: z.string() });
export const enrolResponse = z.object({ secret: z.string(), otpauth_url: z.string() });
export const meResponse = z.object({
  id: userId,
  email: z.string(),
  role: userRole,
  stage: sessionStage,
  mfa_enrolled: z.boolean(),
});
export const okResponse = z.object({ ok: z.literal(true) });
