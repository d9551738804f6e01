import type { CreateUserRequest } from '../../../../contract/users.ts';
import { HttpError } from '../../../platform/http/errors.ts';
import type { Actor } from '../../../platform/http/types.ts';
import { record } from '../../audit/record.ts';
import { insertUser } from '../store.ts';
import type { AccessDeps } from '../types.ts';
import { lockUserRow, type UserRow } from './store.ts';

/**
 * Makes a member of staff, who sets up MFA at the first sign-in.
 * @throws HttpError `conflict` when somebody has the address
 */
export async function createStaff(
  { db, passwords }: AccessDeps,
  { email, role, password, reason }: CreateUserRequest,
  actor: Actor,
): Promise<UserRow> {
  const passwordHash = await passwords.hash(password);
  return db.transaction().execute(async (tx) => {
    const id = await insertUser(tx, { email, role, passwordHash, mfa: null });
    const row = id === null ? null : await lockUserRow(tx, id);
    if (row === null) throw new HttpError('conflict');
    const target = { type: 'user', id: row.id } as const;
    await record(tx, actor, { action: 'user.create', target, reason, changes: { role } });
    return row;
  });
}
