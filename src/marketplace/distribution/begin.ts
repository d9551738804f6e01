import type { LeadId } from '../../../contract/ids.ts';
import { UnrecoverableError } from '../../platform/engine/engine.ts';
import type { Db } from '../../platform/postgres/db.ts';
import { activeLevels, advanceNiche, findStart, lockNicheOf, noteRun, type Level } from './store.ts';

export interface Route {
  /** As people read it: `VPS hosting`. */
  nicheName: string;
  startPosition: number | null;
  /** In the order in which the lead goes through them. */
  levels: Level[];
}

/**
 * Begins a run: takes the lead's start from its niche and moves the niche on to the next level, under the
 * niche's lock and once for each lead; a later run starts where the first did.
 * @throws UnrecoverableError when there is no such lead, or it is not approved
 */
export function begin(db: Db, leadId: LeadId, now: Date): Promise<Route> {
  return db.transaction().execute(async (tx) => {
    const lead = await lockNicheOf(tx, leadId);
    if (lead === null) throw new UnrecoverableError('There is no such lead');
    if (lead.status !== 'approved') throw new UnrecoverableError(`The lead is ${lead.status}, not approved`);

    const levels = await activeLevels(tx, lead.nicheId);
    let start = await findStart(tx, leadId);
    if (start === null) {
      const [first, second] = traversal(levels, lead.nextStart);
      if (first !== undefined) {
        start = first.orderPosition;
        await advanceNiche(tx, lead.nicheId, (second ?? first).orderPosition);
      }
    }
    await noteRun(tx, leadId, start, now);
    return { nicheName: lead.nicheName, startPosition: start, levels: traversal(levels, start ?? 1) };
  });
}

/** The levels from a position on, then those before it; each once. @param levels in order of position */
export function traversal<T extends { orderPosition: number }>(levels: readonly T[], start: number): T[] {
  const before = levels.filter(({ orderPosition }) => orderPosition < start);
  return [...levels.slice(before.length), ...before];
}
