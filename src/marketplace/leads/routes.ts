import {
  confirmLeadQuery,
  confirmLeadResponse,
  submitLeadRequest,
  submitLeadResponse,
} from '../../../contract/leads.ts';
import type { Metrics } from '../../ops/metrics/registry.ts';
import type { HttpServer } from '../../platform/http/types.ts';
import { confirmLead } from './confirm.ts';
import { submitLead, type SubmitDeps } from './submit.ts';

export interface LeadRoutesDeps extends Omit<SubmitDeps, 'submitted'> {
  metrics: Metrics;
  /** Requests per address and route; beyond them 429. Default 30 a minute. */
  limit?: { max: number; windowMs: number } | undefined;
}

const DEFAULT_LIMIT = { max: 30, windowMs: 60_000 };

/** Lead intake, for anybody. The server must have `@fastify/rate-limit`, with the standard 429 body. */
export function leadRoutes(app: HttpServer, deps: LeadRoutesDeps): void {
  const { max, windowMs } = deps.limit ?? DEFAULT_LIMIT;
  const config = { access: 'public', rateLimit: { max, timeWindow: windowMs } } as const;
  const submit: SubmitDeps = { ...deps, submitted: deps.metrics.counter('fmhl_leads_submitted_total') };
  const tags = ['leads'];

  app.post(
    '/api/v1/leads',
    {
      config,
      schema: {
        summary: 'Submit a request for quotes; a confirmation email follows',
        tags,
        body: submitLeadRequest,
        response: { 201: submitLeadResponse },
      },
    },
    async (request, reply) => {
      const id = await submitLead(submit, request.body, request);
      return reply.code(201).send({ id, status: 'pending_confirmation' });
    },
  );

  app.get(
    '/api/v1/leads/confirm',
    {
      config,
      // HEAD is what link checkers of mail servers send: it must not use the token up.
      exposeHeadRoute: false,
      schema: {
        summary: 'Confirm a request for quotes with the token of the confirmation email',
        tags,
        querystring: confirmLeadQuery,
        response: { 200: confirmLeadResponse },
      },
    },
    async (request, reply) => {
      const id = await confirmLead(deps, request.query.token, request.logger);
      return reply.header('cache-control', 'no-store').send({ id, status: 'pending_approval' });
    },
  );
}
