import type { UserId } from '../../../contract/ids.ts';
import type { CreateProviderRequest } from '../../../contract/providers.ts';
import { record } from '../../ops/audit/record.ts';
import { HttpError } from '../../platform/http/errors.ts';
import type { Actor } from '../../platform/http/types.ts';
import type { Clock } from '../../platform/lifecycle/clock.ts';
import type { Logger } from '../../platform/logging/logger.ts';
import type { Db, Tx } from '../../platform/postgres/db.ts';
import { findProvider, insertProvider, type ProviderRow } from './store.ts';

/** Makes a user with the role `provider` in a transaction; null when somebody has the address. */
export type CreateProviderUser = (
  tx: Tx,
  user: { email: string; password: string },
) => Promise<UserId | null>;

export interface CreateProviderDeps {
  db: Db;
  clock: Clock;
  createUser: CreateProviderUser;
}

/**
 * Makes a provider and the user who signs in for it, both or neither.
 * @throws HttpError `conflict` when somebody has the address
 */
export async function createProvider(
  { db, clock, createUser }: CreateProviderDeps,
  request: CreateProviderRequest,
  { actor, logger }: { actor: Actor; logger: Logger },
): Promise<ProviderRow> {
  const { company_name: companyName, email, password } = request;
  const provider = await db.transaction().execute(async (tx) => {
    const userId = await createUser(tx, { email, password });
    if (userId === null) throw new HttpError('conflict');
    const createdAt = new Date(clock.now());
    const id = await insertProvider(tx, { userId, companyName, email, createdAt });
    const target = { type: 'provider', id } as const;
    await record(tx, actor, { action: 'provider.create', target, changes: { user_id: userId } });
    return findProvider(tx, id);
  });
  if (provider === null) throw new Error('The provider is not there');
  logger.info('provider_created', { provider_id: provider.id });
  return provider;
}
