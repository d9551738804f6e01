/** A served inbox, and providers with leads in theirs. */
import assert from 'node:assert/strict';
import type { AssignmentStatus } from '../../contract/inbox.ts';
import { inboxResponse } from '../../contract/inbox.ts';
import type { z } from 'zod';
import { inboxRoutes } from '../../src/marketplace/inbox/routes.ts';
import {
  createAssignment,
  createLead,
  createLevel,
  createNiche,
  createProvider,
  type TestAssignment,
  type TestLead,
  type TestLevel,
  type TestProvider,
} from '../factories/marketplace.ts';
import { createMarketplaceApi, type MarketplaceApi, type Reply } from './marketplace-api.ts';
import { createTestDatabase, type TestDatabase } from './postgres.ts';

export const INBOX_PATH = '/api/v1/provider/leads';

/** The state of an assignment that nobody looked at. */
export const UNTOUCHED = { status: 'new', viewed_at: null, decided_at: null };

export interface GivenLead {
  email?: string;
  phone?: string;
  status?: AssignmentStatus;
  assignedAt?: string;
  level?: TestLevel;
}

export interface Assigned {
  lead: TestLead;
  assignment: TestAssignment;
}

/** A provider with a session. */
export interface InboxOwner {
  provider: TestProvider;
  token: string;
  /** Puts a lead into the inbox. */
  given: (lead?: GivenLead) => Promise<Assigned>;
  list: (query?: Record<string, string>) => Promise<z.output<typeof inboxResponse>>;
  /** The emails of the leads that a query finds, newest first; all of them must be on the page. */
  emails: (query: Record<string, string>) => Promise<string[]>;
  get: (rest: string) => Promise<Reply>;
  post: (leadId: string, verb: string) => Promise<Reply>;
}

export interface TestInbox {
  database: TestDatabase;
  api: MarketplaceApi;
  /** `Gold` of the niche `cloud-hosting`, 2.50 a lead: where leads are bought by default. */
  level: TestLevel;
  signedIn: () => Promise<InboxOwner>;
  stateOf: (assigned: Assigned) => Promise<typeof UNTOUCHED | undefined>;
  close: () => Promise<void>;
}

export async function createTestInbox(): Promise<TestInbox> {
  const database = await createTestDatabase();
  const { db } = database;
  const api = await createMarketplaceApi(db, (app, deps) => inboxRoutes(app, { db, ...deps }));
  const niche = await createNiche(db, { slug: 'cloud-hosting', name: 'Cloud hosting' });
  const level = await createLevel(db, { nicheId: niche.id, price: '2.50', name: 'Gold' });

  const assign = async (provider: TestProvider, given: GivenLead): Promise<Assigned> => {
    const { email, phone, status, assignedAt = '2026-01-01T10:00:00Z' } = given;
    const bought = given.level ?? level;
    const lead = await createLead(db, {
      nicheId: bought.nicheId,
      ...(email === undefined ? {} : { email }),
      ...(phone === undefined ? {} : { phone }),
      answers: { cores: 8, remarks: 'Two lines\nof text' },
      createdAt: new Date('2026-01-01T09:00:00Z'),
    });
    const assignment = await createAssignment(db, {
      ...{ leadId: lead.id, providerId: provider.id, levelId: bought.id },
      ...(status === undefined ? {} : { status }),
      assignedAt: new Date(assignedAt),
    });
    return { lead, assignment };
  };

  return {
    database,
    api,
    level,
    signedIn: async () => {
      const provider = await createProvider(db, { balance: '1000.00' });
      const token = await api.signInAs(provider);
      const get = (rest: string): Promise<Reply> => api.call('GET', `${INBOX_PATH}${rest}`, { token });
      const list: InboxOwner['list'] = async (query = {}) => {
        const reply = await get(`?${new URLSearchParams(query).toString()}`);
        assert.equal(reply.status, 200, JSON.stringify([query, reply.body]));
        return inboxResponse.parse(reply.body);
      };
      return {
        provider,
        token,
        given: (lead = {}) => assign(provider, lead),
        list,
        emails: async (query) => {
          const { leads, pagination } = await list(query);
          assert.equal(pagination.total, leads.length);
          return leads.map((lead) => lead.email);
        },
        get,
        post: (leadId, verb) => api.call('POST', `${INBOX_PATH}/${leadId}/${verb}`, { token }),
      };
    },
    stateOf: async ({ assignment }) => {
      const { rows } = await database.pool.query<typeof UNTOUCHED>(
        'SELECT status, viewed_at, decided_at FROM lead_assignments WHERE id = $1',
        [assignment.id],
      );
      return rows[0];
    },
    close: async () => {
      await api.close();
      await database.drop();
    },
  };
}
