/** Mutes a group: what dies of it is captured and counted, but out of the default view and of the alert. */
import type { DeadLetterGroupId } from '../../../contract/ids.ts';
import { HttpError } from '../../platform/http/errors.ts';
import type { Actor } from '../../platform/http/types.ts';
import { changed, record } from '../audit/record.ts';
import { lockGroup, setMuted } from './groups-store.ts';
import type { DeadLetterDeps } from './types.ts';

type Deps = Pick<DeadLetterDeps, 'db' | 'clock'>;

/**
 * Does nothing to a group that is muted: who muted it, and why, stays.
 * @throws HttpError not_found
 */
export async function muteGroup(
  { id, reason, actor }: { id: DeadLetterGroupId; reason: string; actor: Actor },
  { db, clock }: Deps,
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const group = await lockGroup(tx, id);
    if (group === undefined) throw new HttpError('not_found');
    if (group.mutedAt !== null) return;
    await setMuted(tx, id, { at: new Date(clock.now()), by: actor.userId, reason });
    await record(tx, actor, {
      action: 'dead_letter_group.mute',
      target: { type: 'dead_letter_group', id },
      reason,
      changes: { muted: changed(false, true) },
    });
  });
}

/**
 * Does nothing to a group that is not muted.
 * @throws HttpError not_found
 */
export async function unmuteGroup(
  { id, actor }: { id: DeadLetterGroupId; actor: Actor },
  { db }: Deps,
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const group = await lockGroup(tx, id);
    if (group === undefined) throw new HttpError('not_found');
    if (group.mutedAt === null) return;
    await setMuted(tx, id, null);
    await record(tx, actor, {
      action: 'dead_letter_group.unmute',
      target: { type: 'dead_letter_group', id },
      changes: { muted: changed(true, false) },
    });
  });
}
