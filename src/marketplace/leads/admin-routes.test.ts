import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { sql } from 'kysely';
import { approveLeadResponse, leadDetail, leadListResponse } from '../../../contract/lead-approval.ts';
import type { LeadStatus } from '../../../contract/leads.ts';
import type { LeadId } from '../../../contract/ids.ts';
import { createLead, createNiche, createProvider } from '../../../test/factories/marketplace.ts';
import { eventually } from '../../../test/helpers/eventually.ts';
import { waitingSessions } from '../../../test/helpers/locks.ts';
import { blamed, createMarketplaceApi, type MarketplaceApi } from '../../../test/helpers/marketplace-api.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/postgres.ts';
import { leadDistribution } from '../distribution/queue.ts';
import { adminLeadRoutes } from './admin-routes.ts';

const PATH = '/api/v1/admin/leads';
const NOBODYS = '11111111-1111-4111-8111-111111111111';
const APPROVED = 'fmhl_leads_approved_total';

describe('approval of leads', () => {
  let database: TestDatabase;
  let api: MarketplaceApi;
  before(async () => {
    database = await createTestDatabase();
  });
  after(() => database.drop());
  beforeEach(async () => {
    const { db } = database;
    api = await createMarketplaceApi(db, (app, deps) =>
      adminLeadRoutes(app, { ...deps, db, distributionQueue: leadDistribution }),
    );
  });
  afterEach(() => api.close());

  const stateOf = async (id: LeadId) => {
    const { rows } = await sql<{
      status: LeadStatus;
      decided_by: string | null;
      reason: string | null;
      jobs: number;
    }>`
      SELECT status, decided_by, rejection_reason AS reason,
             (SELECT count(*)::int FROM outbox WHERE payload->>'lead_id' = leads.id::text) AS jobs
        FROM leads WHERE id = ${id}`.execute(database.db);
    return rows[0]!;
  };

  test('an approval and the job that distributes the lead are one change', async () => {
    const { db } = database;
    const { id } = await createLead(db, { status: 'pending_approval' });
    const correlationId = '22222222-2222-4222-8222-222222222222';
    const { status, body } = await api.call('POST', `${PATH}/${id}/approve`, {
      headers: { 'x-correlation-id': correlationId },
    });
    assert.equal(status, 200);
    assert.deepEqual(approveLeadResponse.parse(body), { id, status: 'approved', job_id: `distribute-${id}` });
    const { decided_by: admin, ...state } = await stateOf(id);
    assert.deepEqual(state, { status: 'approved', reason: null, jobs: 1 });
    const { rows } = await sql<Record<string, unknown>>`
      SELECT queue_name, job_id, job_name, payload, correlation_id, (job_options->>'attempts')::int AS attempts
        FROM outbox WHERE payload->>'lead_id' = ${id}`.execute(db);
    assert.deepEqual(rows, [
      {
        queue_name: 'lead_distribution',
        job_id: `distribute-${id}`,
        job_name: 'distribute_lead',
        payload: {
          lead_id: id,
          triggered_by: { actor_id: admin, actor_role: 'admin' },
          requested_at: new Date(api.clock.now()).toISOString(),
        },
        correlation_id: correlationId,
        attempts: 5,
      },
    ]);
    assert.equal(await api.metric(APPROVED), 1);
    assert.equal(api.log.find('lead_approved')[0]?.metadata.lead_id, id);
    assert.doesNotMatch(api.log.text(), /Ada|lead-[0-9a-f-]+@/);
  });

  test('of 5 approvals at once one counts: one job, one count, the others are told what the lead is', async () => {
    const { db } = database;
    const { id } = await createLead(db, { status: 'pending_approval' });
    // All of them wait for the lead at the same time.
    const { all } = await db.transaction().execute(async (tx) => {
      await sql`SELECT FROM leads WHERE id = ${id} FOR UPDATE`.execute(tx);
      const calls = Array.from({ length: 5 }, () => api.call('POST', `${PATH}/${id}/approve`));
      await eventually(async () => (await waitingSessions(db)) === 5);
      return { all: Promise.all(calls) };
    });
    const replies = await all;
    assert.deepEqual(replies.map(({ status }) => status).sort(), [200, 409, 409, 409, 409]);
    const refused = replies.find(({ status }) => status === 409);
    assert.deepEqual(refused?.body, {
      error: 'Conflict',
      details: [{ field: 'status', message: 'is approved, not pending_approval' }],
    });
    assert.equal((await stateOf(id)).jobs, 1);
    assert.equal(await api.metric(APPROVED), 1);
  });

  test('approval against rejection at once: one of them decides', async () => {
    const { id } = await createLead(database.db, { status: 'pending_approval' });
    const replies = await Promise.all([
      api.call('POST', `${PATH}/${id}/approve`),
      api.call('POST', `${PATH}/${id}/reject`, { body: { reason: 'Spam' } }),
    ]);
    assert.deepEqual(replies.map(({ status }) => status).sort(), [200, 409]);
    const { status, jobs } = await stateOf(id);
    assert.equal(jobs, status === 'approved' ? 1 : 0);
  });

  for (const [what, breakIt, mend] of [
    [
      'whose job can not be written',
      sql`ALTER TABLE outbox ADD CONSTRAINT broken CHECK (queue_name <> 'lead_distribution') NOT VALID`,
      sql`ALTER TABLE outbox DROP CONSTRAINT broken`,
    ],
    [
      'that can not be committed',
      sql`CREATE CONSTRAINT TRIGGER broken AFTER UPDATE ON leads DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION refuse_change()`,
      sql`DROP TRIGGER broken ON leads`,
    ],
  ] as const) {
    test(`an approval ${what} is none: no status, no job, no count`, async () => {
      const { db } = database;
      const { id } = await createLead(db, { status: 'pending_approval' });
      await breakIt.execute(db);
      try {
        assert.equal((await api.call('POST', `${PATH}/${id}/approve`)).status, 500);
      } finally {
        await mend.execute(db);
      }
      const nothing = { status: 'pending_approval', decided_by: null, reason: null, jobs: 0 };
      assert.deepEqual(await stateOf(id), nothing);
      assert.equal(await api.metric(APPROVED), 0);
    });
  }

  test('a rejection keeps its reason and makes no job', async () => {
    const { id } = await createLead(database.db, { status: 'pending_approval' });
    const reply = await api.call('POST', `${PATH}/${id}/reject`, {
      body: { reason: '  Not a real request ' },
    });
    assert.deepEqual(reply, { status: 200, body: { id, status: 'rejected' } });
    const { decided_by: admin, ...state } = await stateOf(id);
    assert.deepEqual(state, { status: 'rejected', reason: 'Not a real request', jobs: 0 });
    assert.notEqual(admin, null);
    assert.equal(await api.metric(APPROVED), 0);
    assert.equal(api.log.find('lead_rejected').length, 1);
  });

  for (const status of ['pending_confirmation', 'approved', 'rejected'] as const) {
    test(`a lead that is ${status} can be neither approved nor rejected`, async () => {
      const { id } = await createLead(database.db, { status });
      const expected = {
        status: 409,
        body: {
          error: 'Conflict',
          details: [{ field: 'status', message: `is ${status}, not pending_approval` }],
        },
      };
      const before = await stateOf(id);
      assert.deepEqual(await api.call('POST', `${PATH}/${id}/approve`), expected);
      assert.deepEqual(
        await api.call('POST', `${PATH}/${id}/reject`, { body: { reason: 'Spam' } }),
        expected,
      );
      assert.deepEqual(await stateOf(id), before);
    });
  }

  test('bad requests are refused by field and change nothing', async () => {
    const { id } = await createLead(database.db, { status: 'pending_approval' });
    const reject = async (body: unknown): Promise<string[]> =>
      blamed(await api.call('POST', `${PATH}/${id}/reject`, { body }));
    assert.deepEqual(await reject({}), ['reason']);
    assert.deepEqual(await reject({ reason: '   ' }), ['reason']);
    assert.deepEqual(await reject({ reason: 'x'.repeat(1_001) }), ['reason']);
    assert.deepEqual(await reject({ reason: 'NUL \0' }), ['reason']);
    assert.deepEqual(await reject({ reason: 'Spam', status: 'approved' }), ['status']);
    assert.deepEqual(blamed(await api.call('POST', `${PATH}/1/approve`)), ['id']);
    assert.deepEqual(blamed(await api.call('GET', `${PATH}?status=new`)), ['status']);
    assert.deepEqual(blamed(await api.call('GET', `${PATH}?limit=201`)), ['limit']);
    assert.deepEqual(blamed(await api.call('GET', `${PATH}?sort=email`)), ['sort']);
    assert.equal((await stateOf(id)).status, 'pending_approval');
    for (const [method, url] of [
      ['GET', `${PATH}/${NOBODYS}`],
      ['POST', `${PATH}/${NOBODYS}/approve`],
    ] as const) {
      assert.deepEqual(await api.call(method, url), { status: 404, body: { error: 'Not found' } });
    }
  });

  test('leads are for admins alone', async () => {
    const { id } = await createLead(database.db, { status: 'pending_approval' });
    const provider = await api.signInAs(await createProvider(database.db));
    for (const [method, url] of [
      ['GET', PATH],
      ['GET', `${PATH}/${id}`],
      ['POST', `${PATH}/${id}/approve`],
      ['POST', `${PATH}/${id}/reject`],
    ] as const) {
      assert.equal((await api.call(method, url, { token: null })).status, 401, url);
      assert.equal((await api.call(method, url, { token: provider })).status, 403, url);
    }
    assert.equal((await stateOf(id)).status, 'pending_approval');
  });

  test('the list is newest first, by status, in pages that neither repeat nor miss a lead', async () => {
    const { db } = database;
    await sql`DELETE FROM leads`.execute(db);
    const { id: nicheId, slug } = await createNiche(db);
    const at = (second: number): Date => new Date(Date.UTC(2026, 0, 1, 0, 0, second));
    const waiting: LeadId[] = [];
    for (const second of [3, 1, 2, 2]) {
      const lead = await createLead(db, { nicheId, status: 'pending_approval', createdAt: at(second) });
      waiting.push(lead.id);
    }
    const { id: rejected } = await createLead(db, { nicheId, status: 'rejected', createdAt: at(9) });
    const page = async (query: string) =>
      leadListResponse.parse((await api.call('GET', `${PATH}${query}`)).body);

    const all = await page('');
    assert.deepEqual(all.pagination, { page: 1, limit: 50, total: 5, total_pages: 1 });
    assert.equal(all.leads[0]?.id, rejected);
    const pages = await Promise.all([1, 2, 3].map((n) => page(`?status=pending_approval&limit=2&page=${n}`)));
    const listed = pages.flatMap(({ leads }) => leads.map(({ id }) => id));
    const [newest, oldest, ...same] = waiting;
    assert.deepEqual(listed, [newest, ...same.sort().reverse(), oldest]);
    assert.deepEqual(pages[2]?.pagination, { page: 3, limit: 2, total: 4, total_pages: 2 });

    const detail = leadDetail.parse((await api.call('GET', `${PATH}/${newest}`)).body);
    assert.equal(detail.niche, slug);
    assert.equal(detail.contact_name, 'Ada Lovelace');
    assert.equal(detail.created_at, at(3).toISOString());
    assert.deepEqual(detail.answers, {});
  });
});
