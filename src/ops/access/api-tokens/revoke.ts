import type { ApiTokenId } from '../../../../contract/ids.ts';
import { HttpError } from '../../../platform/http/errors.ts';
import type { Actor } from '../../../platform/http/types.ts';
import type { Db } from '../../../platform/postgres/db.ts';
import { record } from '../../audit/record.ts';
import { deleteToken } from './store.ts';

/**
 * Ends a token at once.
 * @param everybodys whether the actor may end tokens of others
 * @throws HttpError `not_found`, also for a token of somebody else
 */
export async function revokeToken(
  db: Db,
  { id, reason, everybodys }: { id: ApiTokenId; reason: string; everybodys: boolean },
  actor: Actor,
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const ended = await deleteToken(tx, id, everybodys ? null : actor.userId);
    if (ended === null) throw new HttpError('not_found');
    await record(tx, actor, {
      action: 'token.revoke',
      target: { type: 'api_token', id },
      reason,
      changes: { name: ended.name, owner_id: ended.owner_id },
    });
  });
}
