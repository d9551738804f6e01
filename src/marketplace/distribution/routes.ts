import {
  assignmentListQuery,
  assignmentListResponse,
  distributeResponse,
  distributionStatusResponse,
  type DistributionState,
  type DistributionStatusResponse,
  type LeadAssignment,
} from '../../../contract/distribution.ts';
import type { LeadId } from '../../../contract/ids.ts';
import { leadParams } from '../../../contract/lead-approval.ts';
import { formatMoney, parseMoney } from '../../../contract/money.ts';
import { paginationOf } from '../../../contract/query.ts';
import { HttpError } from '../../platform/http/errors.ts';
import { actorOf, type HttpServer } from '../../platform/http/types.ts';
import {
  findDistribution,
  levelsOfLead,
  listAssignments,
  statusOfLead,
  type AssignmentRow,
  type DistributionRow,
  type LevelRow,
} from './status-store.ts';
import { triggerDistribution, type TriggerDeps } from './trigger.ts';

const PATH = '/api/v1/admin/leads/:id';
const tags = ['distribution'];

/** What admins see and do of a lead's distribution. */
export function distributionRoutes(app: HttpServer, deps: TriggerDeps): void {
  const { db } = deps;

  app.post(
    `${PATH}/distribute`,
    {
      config: { access: 'distribution.request' },
      schema: {
        tags,
        summary: 'Distribute an approved lead once more',
        params: leadParams,
        response: { 202: distributeResponse },
      },
    },
    async (request, reply) => {
      const { logger, params } = request;
      const jobId = await triggerDistribution(deps, params.id, { actor: actorOf(request), logger });
      return reply.code(202).send({ lead_id: params.id, job_id: jobId });
    },
  );

  app.get(
    `${PATH}/distribution-status`,
    {
      config: { access: 'distribution.view' },
      schema: {
        tags,
        summary: 'How far the distribution of a lead is',
        params: leadParams,
        response: { 200: distributionStatusResponse },
      },
    },
    async ({ params }) => {
      const distribution = await findDistribution(db, params.id);
      if (distribution === null) throw new HttpError('not_found');
      return toStatus(params.id, distribution, await levelsOfLead(db, params.id));
    },
  );

  app.get(
    `${PATH}/assignments`,
    {
      config: { access: 'distribution.view' },
      schema: {
        tags,
        summary: 'The providers that got a lead, oldest assignment first',
        params: leadParams,
        querystring: assignmentListQuery,
        response: { 200: assignmentListResponse },
      },
    },
    async ({ params, query }) => {
      if ((await statusOfLead(db, params.id)) === null) throw new HttpError('not_found');
      const { rows, total } = await listAssignments(db, params.id, query);
      return { assignments: rows.map(toAssignment), pagination: paginationOf(query, total) };
    },
  );
}

function toStatus(leadId: LeadId, row: DistributionRow, levels: LevelRow[]): DistributionStatusResponse {
  return {
    lead_id: leadId,
    lead_status: row.lead_status,
    status: stateOf(row),
    runs: row.runs ?? 0,
    start_level_order_position: row.start_position,
    started_at: row.started_at?.toISOString() ?? null,
    completed_at: row.completed_at?.toISOString() ?? null,
    assigned: levels.reduce((sum, { assigned }) => sum + assigned, 0),
    skipped_insufficient_balance: row.skipped,
    billing_failures: row.billing_failures ?? 0,
    levels: levels.map((level) => ({
      ...level,
      price_per_lead: formatMoney(parseMoney(level.price_per_lead)),
    })),
  };
}

function stateOf({ started_at, completed_at }: DistributionRow): DistributionState {
  if (started_at === null) return 'not_started';
  return completed_at === null ? 'in_progress' : 'completed';
}

function toAssignment(row: AssignmentRow): LeadAssignment {
  return {
    ...row,
    price_charged: formatMoney(parseMoney(row.price_charged)),
    assigned_at: row.assigned_at.toISOString(),
    viewed_at: row.viewed_at?.toISOString() ?? null,
    decided_at: row.decided_at?.toISOString() ?? null,
    refunded_at: row.refunded_at?.toISOString() ?? null,
  };
}
