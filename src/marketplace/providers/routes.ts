import {
  createProviderRequest,
  provider,
  providerListQuery,
  providerListResponse,
  providerParams,
  type ProviderBody,
} from '../../../contract/providers.ts';
import { paginationOf } from '../../../contract/query.ts';
import { HttpError } from '../../platform/http/errors.ts';
import { actorOf, type HttpServer } from '../../platform/http/types.ts';
import { createProvider, type CreateProviderDeps } from './create.ts';
import { findProvider, listProviders, type ProviderRow } from './store.ts';
import { subscriptionRoutes } from './subscription-routes.ts';

const PATH = '/api/v1/admin/providers';
const tags = ['providers'];

/** Providers and their subscriptions, for admins. */
export function providerRoutes(app: HttpServer, deps: CreateProviderDeps): void {
  const { db } = deps;
  app.get(
    PATH,
    {
      config: { access: 'providers.view' },
      schema: {
        tags,
        summary: 'Providers with their balances, newest first',
        querystring: providerListQuery,
        response: { 200: providerListResponse },
      },
    },
    async ({ query }) => {
      const { rows, total } = await listProviders(db, query);
      return { providers: rows.map(toProvider), pagination: paginationOf(query, total) };
    },
  );

  app.get(
    `${PATH}/:id`,
    {
      config: { access: 'providers.view' },
      schema: { tags, summary: 'One provider', params: providerParams, response: { 200: provider } },
    },
    async ({ params }) => {
      const row = await findProvider(db, params.id);
      if (row === null) throw new HttpError('not_found');
      return toProvider(row);
    },
  );

  app.post(
    PATH,
    {
      config: { access: 'providers.change' },
      schema: {
        tags,
        summary: 'Make a provider, and the user who signs in for it',
        body: createProviderRequest,
        response: { 201: provider },
      },
    },
    async (request, reply) => {
      const { body, logger } = request;
      const row = await createProvider(deps, body, { actor: actorOf(request), logger });
      return reply.code(201).send(toProvider(row));
    },
  );

  subscriptionRoutes(app, deps);
}

function toProvider(row: ProviderRow): ProviderBody {
  return { ...row, created_at: row.created_at.toISOString() };
}
