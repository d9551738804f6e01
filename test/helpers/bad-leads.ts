/** Served bad leads, and providers with assignments to report. */
import { sql } from 'kysely';
import type { AssignmentId } from '../../contract/ids.ts';
import { badLeadRoutes } from '../../src/marketplace/bad-leads/routes.ts';
import { emailSend } from '../../src/marketplace/email/queue.ts';
import {
  balancesOf,
  createAssignment,
  createLead,
  createLevel,
  createNiche,
  createProvider,
  type TestLevel,
  type TestProvider,
} from '../factories/marketplace.ts';
import { makeUser, sessionFor } from './access.ts';
import { createMarketplaceApi, type MarketplaceApi, type Reply } from './marketplace-api.ts';
import { createTestDatabase, type TestDatabase } from './postgres.ts';

export const ADMIN_PATH = '/api/v1/admin/bad-leads';
export const MEMO = 'The number is not assigned.';

/** A provider with a session and assignments that nobody reported. */
export interface Buyer {
  provider: TestProvider;
  token: string;
  assignments: AssignmentId[];
  report: (assignment: AssignmentId, body?: unknown) => Promise<Reply>;
}

export interface LedgerRow {
  entry_type: string;
  amount: string;
  balance_after: string;
  actor_id: string | null;
  actor_role: string;
  lead_id: string | null;
  assignment_id: string | null;
  memo: string | null;
  correlation_id: string | null;
}

export interface TestBadLeads {
  database: TestDatabase;
  api: MarketplaceApi;
  /** Of the niche `cloud-hosting`, 12.35 a lead. */
  level: TestLevel;
  /** A provider that has paid for some leads. Default: one, at the price of the level, of a balance of 200.00. */
  buyer: (options?: { prices?: string[]; count?: number }) => Promise<Buyer>;
  decide: (assignment: string, verb: 'approve' | 'reject', body?: unknown) => Promise<Reply>;
  balances: (buyer: Buyer) => Promise<{ balance: string; ledger: string }>;
  /** The refunds of a provider, oldest first. */
  refunds: (buyer: Buyer) => Promise<LedgerRow[]>;
  /** Everything that a report or a decision about it could change, of one assignment. */
  stateOf: (assignment: AssignmentId) => Promise<object | null>;
  close: () => Promise<void>;
}

export async function createTestBadLeads(): Promise<TestBadLeads> {
  const database = await createTestDatabase();
  const { db } = database;
  const api = await createMarketplaceApi(db, (app, deps) =>
    badLeadRoutes(app, { db, emailQueue: emailSend, ...deps }),
  );
  const admin = await makeUser(db, 'admin', { clock: api.clock });
  const niche = await createNiche(db, { slug: 'cloud-hosting' });
  const level = await createLevel(db, { nicheId: niche.id, price: '12.35' });

  const buy = async (provider: TestProvider, price?: string): Promise<AssignmentId> => {
    const lead = await createLead(db, { nicheId: niche.id, email: 'bad.lead@example.com' });
    const { id } = await createAssignment(db, {
      ...{ leadId: lead.id, providerId: provider.id, levelId: level.id },
      ...(price === undefined ? {} : { price }),
    });
    return id;
  };

  return {
    database,
    api,
    level,
    buyer: async ({ count = 1, prices } = {}) => {
      const provider = await createProvider(db, { balance: '200.00', companyName: 'Hosting & Co' });
      const assignments: AssignmentId[] = [];
      for (const price of prices ?? Array.from({ length: count }, () => undefined)) {
        assignments.push(await buy(provider, price));
      }
      const token = await api.signInAs(provider);
      const report: Buyer['report'] = (assignment, body = { category: 'spam' }) =>
        api.call('POST', `/api/v1/provider/assignments/${assignment}/bad-lead`, { token, body });
      return { provider, token, assignments, report };
    },
    decide: async (assignment, verb, body = { memo: MEMO }) => {
      // A session of its own, because tests move the clock beyond the end of any.
      const token = await sessionFor(db, admin, { clock: api.clock });
      return api.call('POST', `${ADMIN_PATH}/${assignment}/${verb}`, { body, token });
    },
    balances: ({ provider }) => balancesOf(db, provider.id),
    refunds: async ({ provider }) => {
      const { rows } = await sql<LedgerRow>`
        SELECT entry_type, amount, balance_after, actor_id, actor_role, lead_id, assignment_id, memo,
               correlation_id
          FROM provider_ledger WHERE provider_id = ${provider.id} AND entry_type = 'refund'
         ORDER BY id`.execute(db);
      return rows;
    },
    stateOf: async (assignment) => {
      const { rows } = await sql<object>`
        SELECT report.*, refunded_at, balance,
               (SELECT count(*)::int FROM provider_ledger WHERE provider_id = provider.id) AS entries
          FROM lead_assignments AS assignment
          JOIN providers AS provider ON provider.id = assignment.provider_id
          LEFT JOIN bad_lead_reports AS report ON report.assignment_id = assignment.id
         WHERE assignment.id = ${assignment}`.execute(db);
      return rows[0] ?? null;
    },
    close: async () => {
      await api.close();
      await database.drop();
    },
  };
}
