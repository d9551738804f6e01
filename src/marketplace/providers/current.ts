import type { ProviderId, UserId } from '../../../contract/ids.ts';
import { HttpError } from '../../platform/http/errors.ts';
import type { Db } from '../../platform/postgres/db.ts';
import { findActiveOfUser } from './store.ts';

/**
 * The provider that a user acts for.
 * @throws HttpError `insufficient_permissions` when the user has no active provider
 */
export async function providerOf(db: Db, userId: UserId): Promise<ProviderId> {
  const id = await findActiveOfUser(db, userId);
  if (id === null) throw new HttpError('insufficient_permissions');
  return id;
}
