/** The SQL of niches and competition levels. */
import { sql } from 'kysely';
import type {
  CreateLevelRequest,
  CreateNicheRequest,
  UpdateLevelRequest,
} from '../../../contract/catalogue.ts';
import type { LevelId, NicheId } from '../../../contract/ids.ts';
import type { Db, Tx } from '../../platform/postgres/db.ts';
import { readPage, type Page, type PageRequest } from '../page.ts';

export interface NicheRow {
  id: NicheId;
  slug: string;
  name: string;
  is_active: boolean;
  levels: number;
  created_at: Date;
}

export interface LevelRow {
  id: LevelId;
  niche_id: NicheId;
  name: string;
  order_position: number;
  price_per_lead: string;
  max_recipients: number;
  is_active: boolean;
  created_at: Date;
}

const NICHE = sql.raw(
  `id, slug, name, active AS is_active, created_at,
   (SELECT count(*)::int FROM competition_levels WHERE niche_id = niches.id) AS levels`,
);
const LEVEL = sql.raw(
  'id, niche_id, name, order_position, price_per_lead, max_recipients, is_active, created_at',
);

/** A page of niches, by name. */
export function listNiches(db: Db, page: PageRequest): Promise<Page<NicheRow>> {
  const query = { columns: NICHE, from: sql`niches`, where: sql`TRUE`, orderBy: sql`name, id` };
  return readPage(db, query, page);
}

export async function nicheExists(db: Db, id: NicheId): Promise<boolean> {
  const { rows } = await sql`SELECT 1 FROM niches WHERE id = ${id}`.execute(db);
  return rows.length > 0;
}

/** Null when a niche has the slug. */
export async function insertNiche(
  tx: Tx,
  { slug, name }: CreateNicheRequest,
  now: Date,
): Promise<NicheRow | null> {
  const { rows } = await sql<NicheRow>`
    INSERT INTO niches (slug, name, created_at) VALUES (${slug}, ${name}, ${now})
    ON CONFLICT (slug) DO NOTHING
    RETURNING ${NICHE}`.execute(tx);
  return rows[0] ?? null;
}

/** A page of a niche's levels, by position. */
export function listLevels(db: Db, nicheId: NicheId, page: PageRequest): Promise<Page<LevelRow>> {
  const where = sql`niche_id = ${nicheId}`;
  const orderBy = sql`order_position`;
  return readPage(db, { columns: LEVEL, from: sql`competition_levels`, where, orderBy }, page);
}

/** Null when a level of the niche has the position. */
export async function insertLevel(
  tx: Tx,
  nicheId: NicheId,
  level: CreateLevelRequest,
  now: Date,
): Promise<LevelRow | null> {
  const { rows } = await sql<LevelRow>`
    INSERT INTO competition_levels (niche_id, name, order_position, price_per_lead, max_recipients, created_at)
    VALUES (${nicheId}, ${level.name}, ${level.order_position}, ${level.price_per_lead},
            ${level.max_recipients}, ${now})
    ON CONFLICT (niche_id, order_position) DO NOTHING
    RETURNING ${LEVEL}`.execute(tx);
  return rows[0] ?? null;
}

export interface LevelKey {
  nicheId: NicheId;
  levelId: LevelId;
}

/**
 * Reads a level and holds it until the transaction ends; null when the niche has no such level. Others may
 * refer to it meanwhile.
 */
export async function lockLevel(tx: Tx, { nicheId, levelId }: LevelKey): Promise<LevelRow | null> {
  const { rows } = await sql<LevelRow>`
    SELECT ${LEVEL} FROM competition_levels WHERE niche_id = ${nicheId} AND id = ${levelId}
       FOR NO KEY UPDATE`.execute(tx);
  return rows[0] ?? null;
}

/** Null when the niche has no such level. */
export async function updateLevel(
  tx: Tx,
  { nicheId, levelId }: LevelKey,
  change: UpdateLevelRequest,
): Promise<LevelRow | null> {
  const { rows } = await sql<LevelRow>`
    UPDATE competition_levels
       SET name = coalesce(${change.name ?? null}, name),
           price_per_lead = coalesce(${change.price_per_lead ?? null}::numeric, price_per_lead),
           max_recipients = coalesce(${change.max_recipients ?? null}::int, max_recipients),
           is_active = coalesce(${change.is_active ?? null}::boolean, is_active)
     WHERE niche_id = ${nicheId} AND id = ${levelId}
    RETURNING ${LEVEL}`.execute(tx);
  return rows[0] ?? null;
}
