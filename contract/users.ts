/** Users, as admins manage them. Providers are made with their company: see providers.ts. */
import { z } from 'zod';
import { staffRole, userRole } from './access.ts';
import { email, newPassword } from './auth.ts';
import { cursor, reason } from './dead-letters.ts';
import { timestamp, userId } from './ids.ts';
import { wholeNumber } from './query.ts';

export const user = z.object({
  id: userId,
  email: z.string(),
  role: userRole,
  mfa_enrolled: z.boolean(),
  created_at: timestamp,
  /** The last full sign-in; null for none since this is kept. */
  last_sign_in_at: timestamp.nullable(),
  /** Since when the user can't sign in; null for who can. */
  disabled_at: timestamp.nullable(),
  /** Until when unknown browsers are refused after wrong passwords or codes; null when they are not. */
  locked_until: timestamp.nullable(),
});
export type UserBody = z.infer<typeof user>;

export const userListQuery = z.strictObject({
  /** `staff`: everybody but providers. Default: everybody. */
  role: userRole.or(z.literal('staff')).optional(),
  limit: wholeNumber(1, 200).default(50),
  /** `next_cursor` of the page before. */
  cursor: cursor.optional(),
});
export type UserListQuery = z.infer<typeof userListQuery>;
/** By address, from a to z. */
export const userListResponse = z.object({ users: z.array(user), next_cursor: z.string().nullable() });

/** The user sets up MFA at the first sign-in, and should change the password then. */
export const createUserRequest = z.strictObject({ email, role: staffRole, password: newPassword, reason });
export type CreateUserRequest = z.infer<typeof createUserRequest>;

export const userParams = z.object({ id: userId });
export const changeUserRequest = z
  .strictObject({
    /** Not of a provider: 409. */
    role: staffRole.optional(),
    /** True ends all sessions and API tokens of the user at once. */
    disabled: z.boolean().optional(),
    /** For who has forgotten it; ends all sessions of the user. */
    password: newPassword.optional(),
    reason,
  })
  .refine(({ role, disabled, password }) => [role, disabled, password].some((value) => value !== undefined), {
    error: 'give role, disabled or password',
  });
export type ChangeUserRequest = z.infer<typeof changeUserRequest>;

/** `reset-mfa`: the user sets MFA up anew at the next sign-in. `unlock`: the row of failures is forgotten. */
export const userReasonRequest = z.strictObject({ reason });
