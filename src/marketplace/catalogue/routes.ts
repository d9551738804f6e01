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
import { actorOf, type HttpServer } from '../../platform/http/types.ts';
import { changeLevel, createLevel, createNiche, type CatalogueDeps } from './change.ts';
import { listLevels, listNiches, nicheExists, type LevelRow, type NicheRow } from './store.ts';

const NICHES = '/api/v1/admin/niches';
const LEVELS = `${NICHES}/:id/levels`;
const tags = ['catalogue'];

/** Niches and competition levels, for admins. */
export function catalogueRoutes(app: HttpServer, deps: CatalogueDeps): void {
  nicheRoutes(app, deps);
  levelRoutes(app, deps);
  levelChangeRoute(app, deps);
}

function nicheRoutes(app: HttpServer, deps: CatalogueDeps): void {
  app.get(
    NICHES,
    {
      config: { access: 'catalogue.view' },
      schema: {
        tags,
        summary: 'Niches, by name',
        querystring: catalogueQuery,
        response: { 200: nicheListResponse },
      },
    },
    async ({ query }) => {
      const { rows, total } = await listNiches(deps.db, query);
      return { niches: rows.map(toNiche), pagination: paginationOf(query, total) };
    },
  );

  app.post(
    NICHES,
    {
      config: { access: 'catalogue.change' },
      schema: { tags, summary: 'Make a niche', body: createNicheRequest, response: { 201: niche } },
    },
    async (request, reply) =>
      reply.code(201).send(toNiche(await createNiche(deps, request.body, actorOf(request)))),
  );
}

function levelRoutes(app: HttpServer, deps: CatalogueDeps): void {
  app.get(
    LEVELS,
    {
      config: { access: 'catalogue.view' },
      schema: {
        tags,
        summary: 'The competition levels of a niche, by position',
        params: nicheParams,
        querystring: catalogueQuery,
        response: { 200: levelListResponse },
      },
    },
    async ({ params, query }) => {
      if (!(await nicheExists(deps.db, params.id))) throw new HttpError('not_found');
      const { rows, total } = await listLevels(deps.db, params.id, query);
      return { levels: rows.map(toLevel), pagination: paginationOf(query, total) };
    },
  );

  app.post(
    LEVELS,
    {
      config: { access: 'catalogue.change' },
      schema: {
        tags,
        summary: 'Make a competition level',
        params: nicheParams,
        body: createLevelRequest,
        response: { 201: level },
      },
    },
    async (request, reply) => {
      const wanted = { nicheId: request.params.id, level: request.body };
      return reply.code(201).send(toLevel(await createLevel(deps, wanted, actorOf(request))));
    },
  );
}

function levelChangeRoute(app: HttpServer, deps: CatalogueDeps): void {
  app.patch(
    `${LEVELS}/:levelId`,
    {
      config: { access: 'catalogue.change' },
      schema: {
        tags,
        summary: 'Change the name, price, recipients or activity of a competition level',
        params: levelParams,
        body: updateLevelRequest,
        response: { 200: level },
      },
    },
    async (request) => {
      const { id: nicheId, levelId } = request.params;
      const wanted = { nicheId, levelId, change: request.body };
      return toLevel(await changeLevel(deps, wanted, actorOf(request)));
    },
  );
}

function toNiche(row: NicheRow): NicheBody {
  return { ...row, created_at: row.created_at.toISOString() };
}

function toLevel(row: LevelRow): LevelBody {
  return { ...row, created_at: row.created_at.toISOString() };
}
