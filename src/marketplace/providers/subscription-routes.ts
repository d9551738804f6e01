import {
  providerListQuery,
  providerParams,
  subscribeRequest,
  subscription,
  subscriptionListResponse,
  subscriptionParams,
  type SubscriptionBody,
} from '../../../contract/providers.ts';
import { paginationOf } from '../../../contract/query.ts';
import { HttpError } from '../../platform/http/errors.ts';
import { actorOf, type HttpServer } from '../../platform/http/types.ts';
import { findProvider } from './store.ts';
import { subscribe, type SubscribeDeps } from './subscribe.ts';
import { listSubscriptions, type SubscriptionRow } from './subscription-store.ts';
import { unsubscribe } from './unsubscribe.ts';

const PATH = '/api/v1/admin/providers/:id/subscriptions';
const tags = ['providers'];

/** Which levels a provider gets leads of. */
export function subscriptionRoutes(app: HttpServer, deps: SubscribeDeps): void {
  app.get(
    PATH,
    {
      config: { access: 'providers.view' },
      schema: {
        tags,
        summary: 'The subscriptions of a provider, newest first',
        params: providerParams,
        querystring: providerListQuery,
        response: { 200: subscriptionListResponse },
      },
    },
    async ({ params, query }) => {
      if ((await findProvider(deps.db, params.id)) === null) throw new HttpError('not_found');
      const { rows, total } = await listSubscriptions(deps.db, params.id, query);
      return { subscriptions: rows.map(toSubscription), pagination: paginationOf(query, total) };
    },
  );

  app.post(
    PATH,
    {
      config: { access: 'providers.change' },
      schema: {
        tags,
        summary: 'Subscribe a provider to a level; 200 when it was subscribed before',
        params: providerParams,
        body: subscribeRequest,
        response: { 200: subscription, 201: subscription },
      },
    },
    async (request, reply) => {
      const { params, body, logger } = request;
      const wanted = { providerId: params.id, levelId: body.competition_level_id };
      const by = { actor: actorOf(request), logger };
      const { subscription: row, isNew } = await subscribe(deps, wanted, by);
      return reply.code(isNew ? 201 : 200).send(toSubscription(row));
    },
  );

  app.delete(
    `${PATH}/:subscriptionId`,
    {
      config: { access: 'providers.change' },
      schema: {
        tags,
        summary: 'Deactivate a subscription',
        params: subscriptionParams,
        response: { 200: subscription },
      },
    },
    async (request) => {
      const { params, logger } = request;
      const unwanted = { providerId: params.id, id: params.subscriptionId };
      return toSubscription(await unsubscribe(deps, unwanted, { actor: actorOf(request), logger }));
    },
  );
}

function toSubscription(row: SubscriptionRow): SubscriptionBody {
  return {
    ...row,
    deactivated_at: row.deactivated_at?.toISOString() ?? null,
    last_received_at: row.last_received_at?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
  };
}
