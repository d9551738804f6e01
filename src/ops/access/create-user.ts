import type { UserRole } from '../../../contract/access.ts';
import type { UserId } from '../../../contract/ids.ts';
import type { Clock } from '../../platform/lifecycle/clock.ts';
import type { Db } from '../../platform/postgres/db.ts';
import { hashPassword } from './passwords.ts';
import { insertUser } from './store.ts';

/** Somebody has the address already. */
export class EmailTakenError extends Error {
  override name = 'EmailTakenError';
  constructor() {
    super('A user with this email address exists already');
  }
}

export interface UserToCreate {
  email: string;
  role: UserRole;
  /** 12 to 200 characters (`newPassword`); the caller has checked it. */
  password: string;
  /** Base32; with it the user is enrolled in MFA from the start. */
  totpSecret?: string;
}

/**
 * Makes a user who can sign in. Inside a transaction the user comes to exist with it.
 * @throws EmailTakenError
 */
export async function createUser(
  { db, clock }: { db: Db; clock: Clock },
  user: UserToCreate,
): Promise<UserId> {
  const id = await insertUser(db, {
    email: user.email,
    role: user.role,
    passwordHash: await hashPassword(user.password),
    mfa:
      user.totpSecret === undefined ? null : { secret: user.totpSecret, enrolledAt: new Date(clock.now()) },
  });
  if (id === null) throw new EmailTakenError();
  return id;
}
