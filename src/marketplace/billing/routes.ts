import {
  adminLedgerResponse,
  balanceAdjustRequest,
  balanceAdjustResponse,
  balanceResponse,
  billingHistoryResponse,
  idempotencyHeaders,
  ledgerQuery,
  type AdminLedgerEntryBody,
  type LedgerEntryBody,
} from '../../../contract/billing.ts';
import { formatMoney } from '../../../contract/money.ts';
import { providerParams } from '../../../contract/providers.ts';
import { paginationOf } from '../../../contract/query.ts';
import type { Metrics } from '../../ops/metrics/registry.ts';
import { HttpError } from '../../platform/http/errors.ts';
import { actorOf, type HttpServer } from '../../platform/http/types.ts';
import { providerOf } from '../providers/current.ts';
import { adjustBalance, type AdjustDeps } from './adjust.ts';
import { listEntries, readBalance, type LedgerRow } from './history-store.ts';
import { createBillingMetrics } from './operation.ts';

export interface BillingRoutesDeps extends Omit<AdjustDeps, 'billing'> {
  metrics: Metrics;
}

const tags = ['billing'];

/** Balances and the ledger (Epic 07): a provider reads its own, admins read and adjust all. */
export function billingRoutes(app: HttpServer, deps: BillingRoutesDeps): void {
  providerBilling(app, deps);
  adminBilling(app, { ...deps, billing: createBillingMetrics(deps.metrics) });
}

function providerBilling(app: HttpServer, { db }: Pick<AdjustDeps, 'db'>): void {
  app.get(
    '/api/v1/provider/billing/balance',
    {
      config: { access: 'provider' },
      schema: { tags, summary: "The provider's balance", response: { 200: balanceResponse } },
    },
    async (request) => {
      const balance = await readBalance(db, await providerOf(db, actorOf(request).userId));
      if (balance === null) throw new HttpError('not_found');
      return {
        balance: formatMoney(balance.balance),
        low_balance_threshold: formatMoney(balance.threshold),
      };
    },
  );

  app.get(
    '/api/v1/provider/billing/history',
    {
      config: { access: 'provider' },
      schema: {
        tags,
        summary: "The provider's ledger, newest entry first",
        querystring: ledgerQuery,
        response: { 200: billingHistoryResponse },
      },
    },
    async (request) => {
      const { query } = request;
      const { rows, total } = await listEntries(db, await providerOf(db, actorOf(request).userId), query);
      return { entries: rows.map(toEntry), pagination: paginationOf(query, total) };
    },
  );
}

function adminBilling(app: HttpServer, deps: AdjustDeps): void {
  app.get(
    '/api/v1/admin/providers/:id/ledger',
    {
      config: { access: 'billing.view' },
      schema: {
        tags,
        summary: 'The ledger of a provider, newest entry first',
        params: providerParams,
        querystring: ledgerQuery,
        response: { 200: adminLedgerResponse },
      },
    },
    async ({ params, query }) => {
      if ((await readBalance(deps.db, params.id)) === null) throw new HttpError('not_found');
      const { rows, total } = await listEntries(deps.db, params.id, query);
      return { entries: rows.map(toAdminEntry), pagination: paginationOf(query, total) };
    },
  );

  app.post(
    '/api/v1/admin/providers/:id/balance-adjust',
    {
      config: { access: 'billing.adjust' },
      schema: {
        tags,
        summary: 'Book a deposit, credit or debit; with an Idempotency-Key at most once',
        params: providerParams,
        headers: idempotencyHeaders,
        body: balanceAdjustRequest,
        response: { 200: balanceAdjustResponse },
      },
    },
    async (request) => {
      const adjustment = {
        ...request.body,
        providerId: request.params.id,
        actor: actorOf(request),
        idempotencyKey: request.headers['idempotency-key'] ?? null,
      };
      const entry = toAdminEntry(await adjustBalance(deps, adjustment, request.logger));
      return { balance: entry.balance_after, entry };
    },
  );
}

function toEntry(row: LedgerRow): LedgerEntryBody {
  const { id, entry_type, amount, balance_after, lead_id, assignment_id, memo, created_at } = row;
  return {
    ...{ id, entry_type, amount, balance_after, lead_id, assignment_id, memo },
    created_at: created_at.toISOString(),
  };
}

function toAdminEntry(row: LedgerRow): AdminLedgerEntryBody {
  const { provider_id, actor_id, actor_role, correlation_id } = row;
  return { ...toEntry(row), provider_id, actor_id, actor_role, correlation_id };
}
