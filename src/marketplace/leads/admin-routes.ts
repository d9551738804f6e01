import {
  approveLeadResponse,
  leadDetail,
  leadListQuery,
  leadListResponse,
  leadParams,
  rejectLeadRequest,
  rejectLeadResponse,
  type LeadSummary,
} from '../../../contract/lead-approval.ts';
import { paginationOf } from '../../../contract/query.ts';
import type { Metrics } from '../../ops/metrics/registry.ts';
import { HttpError } from '../../platform/http/errors.ts';
import { actorOf, type HttpServer } from '../../platform/http/types.ts';
import { findLead, listLeads, type SummaryRow } from './admin-store.ts';
import { approveLead, type ApproveDeps } from './approve.ts';
import { rejectLead } from './reject.ts';

export interface AdminLeadRoutesDeps extends Omit<ApproveDeps, 'approved'> {
  metrics: Metrics;
}

const PATH = '/api/v1/admin/leads';
const tags = ['leads'];

/** What admins see of leads, and decide about them. Answers hold personal data. */
export function adminLeadRoutes(app: HttpServer, { metrics, ...deps }: AdminLeadRoutesDeps): void {
  const approve: ApproveDeps = { ...deps, approved: metrics.counter('fmhl_leads_approved_total') };

  app.get(
    PATH,
    {
      config: { access: 'leads.view' },
      schema: {
        tags,
        summary: 'Leads, newest first',
        querystring: leadListQuery,
        response: { 200: leadListResponse },
      },
    },
    async ({ query }) => {
      const { rows, total } = await listLeads(deps.db, query);
      return { leads: rows.map(toSummary), pagination: paginationOf(query, total) };
    },
  );

  app.get(
    `${PATH}/:id`,
    {
      config: { access: 'leads.view' },
      schema: {
        tags,
        summary: 'One lead with its answers',
        params: leadParams,
        response: { 200: leadDetail },
      },
    },
    async ({ params }) => {
      const row = await findLead(deps.db, params.id);
      if (row === null) throw new HttpError('not_found');
      return { ...toSummary(row), answers: row.answers, correlation_id: row.correlation_id };
    },
  );

  app.post(
    `${PATH}/:id/approve`,
    {
      config: { access: 'leads.decide' },
      schema: {
        tags,
        summary: 'Approve a lead; it is then distributed',
        params: leadParams,
        response: { 200: approveLeadResponse },
      },
    },
    async (request) => {
      const { logger, params } = request;
      const jobId = await approveLead(approve, params.id, { actor: actorOf(request), logger });
      return { id: params.id, status: 'approved' as const, job_id: jobId };
    },
  );

  app.post(
    `${PATH}/:id/reject`,
    {
      config: { access: 'leads.decide' },
      schema: {
        tags,
        summary: 'Reject a lead',
        params: leadParams,
        body: rejectLeadRequest,
        response: { 200: rejectLeadResponse },
      },
    },
    async (request) => {
      const { body, logger, params } = request;
      const rejection = { leadId: params.id, reason: body.reason };
      await rejectLead(deps, rejection, { actor: actorOf(request), logger });
      return { id: params.id, status: 'rejected' as const };
    },
  );
}

function toSummary(row: SummaryRow): LeadSummary {
  const { id, niche, contact_name, email, phone, status, decided_by, rejection_reason } = row;
  return {
    id,
    niche,
    contact_name,
    email,
    phone,
    status,
    created_at: row.created_at.toISOString(),
    confirmed_at: row.confirmed_at?.toISOString() ?? null,
    decided_at: row.decided_at?.toISOString() ?? null,
    decided_by,
    rejection_reason,
  };
}
