import type { UserId } from '../../../../contract/ids.ts';
import type { ChangeUserRequest } from '../../../../contract/users.ts';
import { HttpError } from '../../../platform/http/errors.ts';
import type { Actor } from '../../../platform/http/types.ts';
import type { Tx } from '../../../platform/postgres/db.ts';
import { changed, record } from '../../audit/record.ts';
import { deleteTokensOfUser } from '../api-tokens/store.ts';
import { forgetDevices } from '../devices.ts';
import { deleteSessionsOfUser } from '../session-store.ts';
import { writePassword } from '../store.ts';
import type { AccessDeps } from '../types.ts';
import { lockAdmins, lockUserRow, writeDisabled, writeRole, type UserRow } from './store.ts';

/** The password of the request as its hash. */
type Change = Omit<ChangeUserRequest, 'password' | 'reason'> & { passwordHash: string | null };

/**
 * Changes a user's role, takes away or gives back the right to sign in, or sets another password. What a role
 * may no longer do it can't do from the next request on, with tokens too.
 * @throws HttpError `not_found`; `conflict` where no admin would be left who can sign in, and for the role of a
 *   provider
 */
export async function changeUser(
  { db, clock, passwords }: AccessDeps,
  { id, request }: { id: UserId; request: ChangeUserRequest },
  actor: Actor,
): Promise<UserRow> {
  const { password, reason, ...wanted } = request;
  const passwordHash = password === undefined ? null : await passwords.hash(password);
  return db.transaction().execute(async (tx) => {
    // Before the user's own row, and in one order: two changes never wait for each other in a circle.
    const admins = await lockAdmins(tx);
    const before = await lockUserRow(tx, id);
    if (before === null) throw new HttpError('not_found');
    if (wanted.role !== undefined && before.role === 'provider') throw new HttpError('conflict');
    const endsAdmin = wanted.disabled === true || (wanted.role !== undefined && wanted.role !== 'admin');
    if (endsAdmin && admins.length === 1 && admins[0] === id) throw new HttpError('conflict');

    const changes = await apply(tx, before, { ...wanted, passwordHash }, new Date(clock.now()));
    if (Object.keys(changes).length > 0) {
      await record(tx, actor, { action: 'user.change', target: { type: 'user', id }, reason, changes });
    }
    return (await lockUserRow(tx, id)) ?? before;
  });
}

/** @returns what was changed, for the audit log */
async function apply(tx: Tx, before: UserRow, change: Change, now: Date): Promise<Record<string, unknown>> {
  const { id } = before;
  const changes: Record<string, unknown> = {};
  const { role, disabled, passwordHash } = change;
  if (role !== undefined && role !== before.role) {
    await writeRole(tx, id, role);
    changes.role = changed(before.role, role);
  }
  const wasDisabled = before.disabled_at !== null;
  if (disabled !== undefined && disabled !== wasDisabled) {
    await writeDisabled(tx, id, disabled ? now : null);
    changes.disabled = changed(wasDisabled, disabled);
    // Gone for good: a user who may sign in again signs in again.
    if (disabled) changes.tokens_ended = await deleteTokensOfUser(tx, id);
  }
  if (passwordHash !== null) {
    await writePassword(tx, id, passwordHash);
    changes.replaced = 'password';
  }
  if (passwordHash !== null || (disabled === true && !wasDisabled)) {
    await forgetDevices(tx, id);
    changes.sessions_ended = await deleteSessionsOfUser(tx, id);
  }
  return changes;
}
