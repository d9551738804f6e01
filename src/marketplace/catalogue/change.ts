import type {
  CreateLevelRequest,
  CreateNicheRequest,
  UpdateLevelRequest,
} from '../../../contract/catalogue.ts';
import type { LevelId, NicheId } from '../../../contract/ids.ts';
import { changed, record } from '../../ops/audit/record.ts';
import { omit } from '../../platform/collections.ts';
import { HttpError } from '../../platform/http/errors.ts';
import type { Actor } from '../../platform/http/types.ts';
import type { Clock } from '../../platform/lifecycle/clock.ts';
import type { Db } from '../../platform/postgres/db.ts';
import {
  insertLevel,
  insertNiche,
  lockLevel,
  nicheExists,
  updateLevel,
  type LevelRow,
  type NicheRow,
} from './store.ts';

export interface CatalogueDeps {
  db: Db;
  clock: Clock;
}

/** @throws HttpError `conflict` when a niche has the slug */
export function createNiche(
  { db, clock }: CatalogueDeps,
  niche: CreateNicheRequest,
  actor: Actor,
): Promise<NicheRow> {
  return db.transaction().execute(async (tx) => {
    const row = await insertNiche(tx, niche, new Date(clock.now()));
    if (row === null) throw new HttpError('conflict');
    const { id, slug, name, is_active } = row;
    const target = { type: 'niche', id } as const;
    await record(tx, actor, { action: 'niche.create', target, changes: { slug, name, is_active } });
    return row;
  });
}

/** @throws HttpError `not_found` for an unknown niche; `conflict` when a level of it has the position */
export function createLevel(
  { db, clock }: CatalogueDeps,
  { nicheId, level }: { nicheId: NicheId; level: CreateLevelRequest },
  actor: Actor,
): Promise<LevelRow> {
  return db.transaction().execute(async (tx) => {
    if (!(await nicheExists(tx, nicheId))) throw new HttpError('not_found');
    const row = await insertLevel(tx, nicheId, level, new Date(clock.now()));
    if (row === null) throw new HttpError('conflict');
    const target = { type: 'level', id: row.id } as const;
    await record(tx, actor, { action: 'level.create', target, changes: omit(row, ['id', 'created_at']) });
    return row;
  });
}

/**
 * Changes what is given, and leaves the rest as it is.
 * @throws HttpError `not_found` when the niche has no such level
 */
export function changeLevel(
  { db }: Pick<CatalogueDeps, 'db'>,
  { change, ...key }: { nicheId: NicheId; levelId: LevelId; change: UpdateLevelRequest },
  actor: Actor,
): Promise<LevelRow> {
  return db.transaction().execute(async (tx) => {
    const before = await lockLevel(tx, key);
    const row = before === null ? null : await updateLevel(tx, key, change);
    if (before === null || row === null) throw new HttpError('not_found');
    const fields = CHANGEABLE.filter((field) => before[field] !== row[field]);
    if (fields.length > 0) {
      const changes = Object.fromEntries(fields.map((field) => [field, changed(before[field], row[field])]));
      await record(tx, actor, { action: 'level.change', target: { type: 'level', id: row.id }, changes });
    }
    return row;
  });
}

const CHANGEABLE = [
  'name',
  'price_per_lead',
  'max_recipients',
  'is_active',
] as const satisfies readonly (keyof UpdateLevelRequest)[];
