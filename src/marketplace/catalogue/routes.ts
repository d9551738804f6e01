import {
  catalogueQuery,
  createLevelRequest,
  createNicheRequest,
  level,
  levelParams,
  levelListResponse,
  niche,
  nicheListResponse,
  nicheParams,
  updateLevelRequest,
  type LevelBody,
  type NicheBody,
} from '../../../contract/catalogue.ts';
import { paginationOf } from '../../../contract/query.ts';
import { HttpError } from '../../platform/http/errors.ts';
import type { HttpServer } from '../../platform/http/types.ts';
import type { Clock } from '../../platform/lifecycle/clock.ts';
import type { Db } from '../../platform/postgres/db.ts';
import {
  insertLevel,
  insertNiche,
  listLevels,
  updateLevel,
  listNiches,
  nicheExists,
  type LevelRow,
  type NicheRow,
} from './store.ts';

export interface CatalogueDeps {
  db: Db;
  clock: Clock;
}

const NICHES = '/api/v1/admin/niches';
const LEVELS = `${NICHES}/:id/levels`;
const tags = ['catalogue'];

/** Niches and competition levels, for admins. */
export function catalogueRoutes(app: HttpServer, deps: CatalogueDeps): void {
  nicheRoutes(app, deps);
  levelRoutes(app, deps);
  levelChangeRoute(app, deps);
}

function nicheRoutes(app: HttpServer, { db, clock }: CatalogueDeps): void {
  app.get(
    NICHES,
    {
      config: { access: 'admin' },
      schema: {
        tags,
        summary: 'Niches, by name',
        querystring: catalogueQuery,
        response: { 200: nicheListResponse },
      },
    },
    async ({ query }) => {
      const { rows, total } = await listNiches(db, query);
      return { niches: rows.map(toNiche), pagination: paginationOf(query, total) };
    },
  );

  app.post(
    NICHES,
    {
      config: { access: 'admin' },
      schema: { tags, summary: 'Make a niche', body: createNicheRequest, response: { 201: niche } },
    },
    async ({ body }, reply) => {
      const row = await insertNiche(db, body, new Date(clock.now()));
      if (row === null) throw new HttpError('conflict');
      return reply.code(201).send(toNiche(row));
    },
  );
}

function levelRoutes(app: HttpServer, { db, clock }: CatalogueDeps): void {
  app.get(
    LEVELS,
    {
      config: { access: 'admin' },
      schema: {
        tags,
        summary: 'The competition levels of a niche, by position',
        params: nicheParams,
        querystring: catalogueQuery,
        response: { 200: levelListResponse },
      },
    },
    async ({ params, query }) => {
      if (!(await nicheExists(db, params.id))) throw new HttpError('not_found');
      const { rows, total } = await listLevels(db, params.id, query);
      return { levels: rows.map(toLevel), pagination: paginationOf(query, total) };
    },
  );

  app.post(
    LEVELS,
    {
      config: { access: 'admin' },
      schema: {
        tags,
        summary: 'Make a competition level',
        params: nicheParams,
        body: createLevelRequest,
        response: { 201: level },
      },
    },
    async ({ params, body }, reply) => {
      if (!(await nicheExists(db, params.id))) throw new HttpError('not_found');
      const row = await insertLevel(db, params.id, body, new Date(clock.now()));
      if (row === null) throw new HttpError('conflict');
      return reply.code(201).send(toLevel(row));
    },
  );
}

function levelChangeRoute(app: HttpServer, { db }: CatalogueDeps): void {
  app.patch(
    `${LEVELS}/:levelId`,
    {
      config: { access: 'admin' },
      schema: {
        tags,
        summary: 'Change the name, price, recipients or activity of a competition level',
        params: levelParams,
        body: updateLevelRequest,
        response: { 200: level },
      },
    },
    async ({ params, body }) => {
      const row = await updateLevel(db, { nicheId: params.id, levelId: params.levelId }, body);
      if (row === null) throw new HttpError('not_found');
      return toLevel(row);
    },
  );
}

function toNiche(row: NicheRow): NicheBody {
  return { ...row, created_at: row.created_at.toISOString() };
}

function toLevel(row: LevelRow): LevelBody {
  return { ...row, created_at: row.created_at.toISOString() };
}
