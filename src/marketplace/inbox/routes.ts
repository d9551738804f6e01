import type { FastifyRequest } from 'fastify';
import {
  inboxDecisionResponse,
  inboxLeadDetail,
  inboxParams,
  inboxQuery,
  inboxResponse,
  type InboxLead,
  type InboxLeadDetail,
} from '../../../contract/inbox.ts';
import type { ProviderId } from '../../../contract/ids.ts';
import { paginationOf } from '../../../contract/query.ts';
import type { Metrics } from '../../ops/metrics/registry.ts';
import { actorOf, type HttpServer } from '../../platform/http/types.ts';
import type { Clock } from '../../platform/lifecycle/clock.ts';
import type { Db } from '../../platform/postgres/db.ts';
import { providerOf } from '../providers/current.ts';
import { decideLead } from './decide.ts';
import { listLeads } from './list.ts';
import type { InboxDetailRow, InboxRow } from './store.ts';
import { viewLead } from './view.ts';

export interface InboxRoutesDeps {
  db: Db;
  clock: Clock;
  metrics: Metrics;
}

const PATH = '/api/v1/provider/leads';
const config = { access: 'provider' } as const;
const tags = ['inbox'];

/** The inbox of the provider who asks (Epic 08). What another provider was assigned is not found. */
export function inboxRoutes(app: HttpServer, { db, clock, metrics }: InboxRoutesDeps): void {
  const duration = metrics.histogram('fmhl_inbox_query_duration_ms');
  const provider = (request: FastifyRequest): Promise<ProviderId> => providerOf(db, actorOf(request).userId);

  app.get(
    PATH,
    {
      config,
      schema: {
        tags,
        summary: 'Leads assigned to the provider, newest first',
        querystring: inboxQuery,
        response: { 200: inboxResponse },
      },
    },
    async (request) => {
      const { query } = request;
      const { rows, total } = await listLeads({ db, duration }, await provider(request), query);
      return { leads: rows.map(toInboxLead), pagination: paginationOf(query, total) };
    },
  );

  app.get(
    `${PATH}/:leadId`,
    {
      config,
      // HEAD shows nothing to anybody, so it must not mark the lead as viewed.
      exposeHeadRoute: false,
      schema: {
        tags,
        summary: 'One lead with the answers of its end user; marks it as viewed',
        params: inboxParams,
        response: { 200: inboxLeadDetail },
      },
    },
    async (request) =>
      toDetail(await viewLead({ db, clock }, await provider(request), request.params.leadId)),
  );

  const decisions = [
    { verb: 'accept', status: 'accepted', summary: 'Accept a new lead' },
    { verb: 'reject', status: 'rejected', summary: 'Reject a new lead; this is no refund' },
  ] as const;
  for (const { verb, status, summary } of decisions) {
    app.post(
      `${PATH}/:leadId/${verb}`,
      { config, schema: { tags, summary, params: inboxParams, response: { 200: inboxDecisionResponse } } },
      async (request) => {
        const { leadId } = request.params;
        const { logger } = request;
        const providerId = await provider(request);
        const decided = await decideLead({ db, clock, logger }, { providerId, leadId, status });
        return {
          lead_id: leadId,
          assignment_id: decided.assignmentId,
          status: decided.status,
          decided_at: decided.decidedAt.toISOString(),
        };
      },
    );
  }
}

function toInboxLead(row: InboxRow): InboxLead {
  return {
    ...row,
    assigned_at: row.assigned_at.toISOString(),
    viewed_at: row.viewed_at?.toISOString() ?? null,
    decided_at: row.decided_at?.toISOString() ?? null,
    refunded_at: row.refunded_at?.toISOString() ?? null,
  };
}

function toDetail(row: InboxDetailRow): InboxLeadDetail {
  return { ...row, ...toInboxLead(row), submitted_at: row.submitted_at.toISOString() };
}
