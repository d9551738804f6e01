import {
  badLeadDecision,
  badLeadListQuery,
  badLeadListResponse,
  badLeadReport,
  decideBadLeadParams,
  decideBadLeadRequest,
  reportBadLeadParams,
  reportBadLeadRequest,
  type BadLead,
  type BadLeadDecision,
} from '../../../contract/bad-leads.ts';
import type { AssignmentId } from '../../../contract/ids.ts';
import { paginationOf } from '../../../contract/query.ts';
import type { Metrics } from '../../ops/metrics/registry.ts';
import { actorOf, type HttpServer } from '../../platform/http/types.ts';
import type { Clock } from '../../platform/lifecycle/clock.ts';
import type { Db } from '../../platform/postgres/db.ts';
import { createBillingMetrics } from '../billing/operation.ts';
import type { EmailQueue } from '../email/queue.ts';
import { providerOf } from '../providers/current.ts';
import { approveBadLead } from './approve.ts';
import { rejectBadLead } from './reject.ts';
import { reportBadLead } from './report.ts';
import { listReports, type BadLeadRow, type DecisionRow } from './store.ts';

export interface BadLeadRoutesDeps {
  db: Db;
  clock: Clock;
  metrics: Metrics;
  /** `email_send`, with the configuration's overrides applied. */
  emailQueue: EmailQueue;
}

const tags = ['bad leads'];

/** Bad leads and their refunds (Epic 09): a provider reports, an admin decides. */
export function badLeadRoutes(app: HttpServer, deps: BadLeadRoutesDeps): void {
  reportRoute(app, deps);
  listRoute(app, deps);
  decisionRoutes(app, deps);
}

function reportRoute(app: HttpServer, { db, clock, metrics }: BadLeadRoutesDeps): void {
  const reported = metrics.counter('fmhl_bad_leads_reported_total');
  app.post(
    '/api/v1/provider/assignments/:id/bad-lead',
    {
      config: { access: 'provider' },
      schema: {
        tags,
        summary: 'Report an assignment as bad; 200 with the report that is there while it is pending',
        params: reportBadLeadParams,
        body: reportBadLeadRequest,
        response: { 200: badLeadReport, 201: badLeadReport },
      },
    },
    async (request, reply) => {
      const { logger, params, body } = request;
      const providerId = await providerOf(db, actorOf(request).userId);
      const result = await reportBadLead({ db, clock, logger, reported }, providerId, params.id, body);
      const { isNew, leadId, report } = result;
      return reply.code(isNew ? 201 : 200).send({
        assignment_id: params.id,
        lead_id: leadId,
        ...report,
        reported_at: report.reported_at.toISOString(),
      });
    },
  );
}

function listRoute(app: HttpServer, { db }: BadLeadRoutesDeps): void {
  app.get(
    '/api/v1/admin/bad-leads',
    {
      config: { access: 'bad_leads.view' },
      schema: {
        tags,
        summary: 'Bad-lead reports, newest first',
        querystring: badLeadListQuery,
        response: { 200: badLeadListResponse },
      },
    },
    async ({ query }) => {
      const { rows, total } = await listReports(db, query);
      return { bad_leads: rows.map(toBadLead), pagination: paginationOf(query, total) };
    },
  );
}

function decisionRoutes(app: HttpServer, { db, clock, metrics, emailQueue }: BadLeadRoutesDeps): void {
  const billing = createBillingMetrics(metrics);
  const refunds = metrics.counter('fmhl_refunds_approved_total');
  const decisions = [
    { verb: 'approve', decide: approveBadLead, summary: 'Approve a bad-lead report: refund the charge' },
    { verb: 'reject', decide: rejectBadLead, summary: 'Reject a bad-lead report: the charge stands' },
  ];
  for (const { verb, decide, summary } of decisions) {
    app.post(
      `/api/v1/admin/bad-leads/:assignmentId/${verb}`,
      {
        config: { access: 'bad_leads.decide' },
        schema: {
          tags,
          summary,
          params: decideBadLeadParams,
          body: decideBadLeadRequest,
          response: { 200: badLeadDecision },
        },
      },
      async (request) => {
        const { logger } = request;
        const { assignmentId } = request.params;
        const { memo } = request.body;
        const row = await decide(
          { db, clock, logger, emailQueue, billing, refunds },
          { assignmentId, actor: actorOf(request), memo },
        );
        return toDecision(assignmentId, row);
      },
    );
  }
}

function toBadLead({ id, ...row }: BadLeadRow): BadLead {
  return { ...row, ...toDecision(id, row), reported_at: row.reported_at.toISOString() };
}

function toDecision(assignmentId: AssignmentId, row: DecisionRow): BadLeadDecision {
  const { status, price_charged, decided_by, decision_memo } = row;
  return {
    assignment_id: assignmentId,
    price_charged,
    status,
    decided_at: row.decided_at?.toISOString() ?? null,
    decided_by,
    decision_memo,
    refunded_at: row.refunded_at?.toISOString() ?? null,
  };
}
