import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { badLeadListResponse } from '../../../contract/bad-leads.ts';
import type { AssignmentId } from '../../../contract/ids.ts';
import { createProvider } from '../../../test/factories/marketplace.ts';
import { ADMIN_PATH, createTestBadLeads, MEMO, type TestBadLeads } from '../../../test/helpers/bad-leads.ts';
import { blamed, type Reply } from '../../../test/helpers/marketplace-api.ts';

let bad: TestBadLeads;
before(async () => {
  bad = await createTestBadLeads();
});
after(() => bad.close());

const NOT_FOUND = { status: 404, body: { error: 'Not found' } };

async function list(query = '') {
  const reply = await bad.api.call('GET', `${ADMIN_PATH}${query}`);
  assert.equal(reply.status, 200, JSON.stringify(reply.body));
  return badLeadListResponse.parse(reply.body);
}

describe("the admin's list", () => {
  test('shows what is needed to judge, newest report first, by status and in pages', async () => {
    await bad.database.pool.query('DELETE FROM bad_lead_reports');
    const { provider, assignments, report } = await bad.buyer({ count: 5 });
    for (const one of assignments) {
      await report(one, { category: 'invalid_contact', notes: 'nobody answers' });
      bad.api.clock.advance(1_000);
    }
    await bad.decide(assignments[1]!, 'approve');
    await bad.decide(assignments[3]!, 'reject');
    const ids = (n: number[]): AssignmentId[] => n.map((one) => assignments[one]!);
    const found = async (query: string): Promise<AssignmentId[]> =>
      (await list(query)).bad_leads.map((one) => one.assignment_id);
    assert.deepEqual(await found(''), ids([4, 3, 2, 1, 0]));
    assert.deepEqual(await found('?status=pending'), ids([4, 2, 0]));
    assert.deepEqual(await found('?status=approved'), ids([1]));
    assert.deepEqual(await found('?status=rejected'), ids([3]));
    assert.deepEqual(await found('?limit=2&page=2'), ids([2, 1]));
    assert.deepEqual(await found('?limit=2&page=4'), []);
    assert.deepEqual((await list('?status=pending&limit=2')).pagination, {
      page: 1,
      limit: 2,
      total: 3,
      total_pages: 2,
    });
    const [approved] = (await list('?status=approved')).bad_leads;
    const { lead_id: leadId, decided_by: admin, ...shown } = approved!;
    assert.ok(leadId !== '' && admin !== null);
    const now = new Date(bad.api.clock.now());
    assert.deepEqual(shown, {
      assignment_id: assignments[1],
      provider_id: provider.id,
      company_name: 'Hosting & Co',
      niche: 'cloud-hosting',
      contact_name: 'Ada Lovelace',
      email: 'bad.lead@example.com',
      phone: '+493012345678',
      price_charged: '12.35',
      category: 'invalid_contact',
      notes: 'nobody answers',
      reported_at: new Date(now.getTime() - 4_000).toISOString(),
      status: 'approved',
      decided_at: now.toISOString(),
      decision_memo: MEMO,
      refunded_at: now.toISOString(),
    });
  });
});

describe('nobody else', () => {
  test("another provider's assignment is not found, exactly like one that does not exist", async () => {
    const owner = await bad.buyer();
    const stranger = await bad.buyer();
    const state = await bad.stateOf(owner.assignments[0]!);
    for (const id of [owner.assignments[0]!, randomUUID() as AssignmentId]) {
      assert.deepEqual(await stranger.report(id), NOT_FOUND);
    }
    assert.deepEqual(await bad.stateOf(owner.assignments[0]!), state);
    assert.equal((await owner.report(owner.assignments[0]!)).status, 201);
    assert.deepEqual(await stranger.report(owner.assignments[0]!), NOT_FOUND, 'reported or not');
  });

  test('what was not reported can not be decided', async () => {
    const { assignments } = await bad.buyer();
    const state = await bad.stateOf(assignments[0]!);
    for (const id of [assignments[0]!, randomUUID()]) {
      assert.deepEqual(await bad.decide(id, 'approve'), NOT_FOUND);
      assert.deepEqual(await bad.decide(id, 'reject'), NOT_FOUND);
    }
    assert.deepEqual(await bad.stateOf(assignments[0]!), state);
  });

  test('providers report and admins decide; neither does the other, and nobody else does either', async () => {
    const { token, assignments, report } = await bad.buyer({ count: 2 });
    const inactive = await bad.api.signInAs(await createProvider(bad.database.db, { active: false }));
    await report(assignments[0]!);
    const states = await Promise.all(assignments.map((one) => bad.stateOf(one)));
    const reportAs = (as?: string | null): Promise<Reply> =>
      bad.api.call('POST', `/api/v1/provider/assignments/${assignments[1]!}/bad-lead`, {
        body: { category: 'spam' },
        ...(as === undefined ? {} : { token: as }),
      });
    assert.equal((await reportAs(null)).status, 401);
    assert.equal((await reportAs()).status, 403, 'an admin');
    assert.equal((await reportAs(inactive)).status, 403, 'without an active provider');
    const decisions = [`/${assignments[0]!}/approve`, `/${assignments[0]!}/reject`];
    for (const path of decisions) {
      const body = { memo: MEMO };
      assert.equal((await bad.api.call('POST', ADMIN_PATH + path, { body, token: null })).status, 401);
      assert.equal((await bad.api.call('POST', ADMIN_PATH + path, { body, token })).status, 403);
    }
    assert.equal((await bad.api.call('GET', ADMIN_PATH, { token: null })).status, 401);
    assert.equal((await bad.api.call('GET', ADMIN_PATH, { token })).status, 403);
    assert.deepEqual(await Promise.all(assignments.map((one) => bad.stateOf(one))), states);
  });
});

describe('bad input', () => {
  test('of a report is refused with the field that is wrong, and changes nothing', async () => {
    const { assignments, report, token } = await bad.buyer();
    const state = await bad.stateOf(assignments[0]!);
    const bodies: [body: unknown, field: string][] = [
      [{}, 'category'],
      [{ category: 'boring' }, 'category'],
      [{ category: null }, 'category'],
      [{ category: ['spam'] }, 'category'],
      [{ category: 'other' }, 'notes'],
      [{ category: 'other', notes: '' }, 'notes'],
      [{ category: 'other', notes: '123456789' }, 'notes'],
      [{ category: 'other', notes: `${' '.repeat(20)}123456789 ` }, 'notes'],
      [{ category: 'other', notes: '🚀'.repeat(9) }, 'notes'],
      [{ category: 'other', notes: 'x'.repeat(501) }, 'notes'],
      [{ category: 'spam', notes: 'x'.repeat(501) }, 'notes'],
      [{ category: 'spam', notes: 'a NUL \0 here' }, 'notes'],
      [{ category: 'spam', notes: 'half a pair \ud83d' }, 'notes'],
      [{ category: 'spam', notes: 7 }, 'notes'],
      [{ category: 'spam', notes: null }, 'notes'],
      [{ category: 'spam', status: 'approved' }, 'status'],
      [[], 'body'],
      [null, 'body'],
    ];
    for (const [body, field] of bodies) {
      assert.deepEqual(
        [...new Set(blamed(await report(assignments[0]!, body)))],
        [field],
        JSON.stringify(body),
      );
    }
    for (const id of ['1', 'x'.repeat(36), '%00', "'%20OR%20'1'='1"]) {
      const url = `/api/v1/provider/assignments/${id}/bad-lead`;
      const reply = await bad.api.call('POST', url, { token, body: { category: 'spam' } });
      assert.deepEqual(blamed(reply), ['id'], id);
    }
    assert.deepEqual(await bad.stateOf(assignments[0]!), state);
    for (const notes of ['0123456789', 'x'.repeat(500)]) {
      const fresh = await bad.buyer();
      assert.equal((await fresh.report(fresh.assignments[0]!, { category: 'other', notes })).status, 201);
    }
  });

  test('of a decision is refused with the field that is wrong, and changes nothing', async () => {
    const { assignments, report } = await bad.buyer();
    await report(assignments[0]!);
    const state = await bad.stateOf(assignments[0]!);
    const bodies: [body: unknown, field: string][] = [
      [{}, 'memo'],
      [{ memo: null }, 'memo'],
      [{ memo: 'too short' }, 'memo'],
      [{ memo: `  too short  ` }, 'memo'],
      [{ memo: 'x'.repeat(1_001) }, 'memo'],
      [{ memo: 'a NUL \0 in the middle' }, 'memo'],
      [{ memo: MEMO, amount: '1000.00' }, 'amount'],
      [[], 'body'],
    ];
    for (const verb of ['approve', 'reject'] as const) {
      for (const [body, field] of bodies) {
        const reply = await bad.decide(assignments[0]!, verb, body);
        assert.deepEqual([...new Set(blamed(reply))], [field], JSON.stringify(body));
      }
      for (const id of ['1', `${assignments[0]!}0`, '%00']) {
        assert.deepEqual(blamed(await bad.decide(id, verb)), ['assignmentId'], id);
      }
    }
    assert.deepEqual(await bad.stateOf(assignments[0]!), state);
    assert.equal((await bad.decide(assignments[0]!, 'approve', { memo: 'x'.repeat(1_000) })).status, 200);
  });

  test('of a query is refused with the field that is wrong', async () => {
    const queries: [query: string, field: string][] = [
      ['page=0', 'page'],
      ['page=1000001', 'page'],
      ['limit=0', 'limit'],
      ['limit=201', 'limit'],
      ['status=all', 'status'],
      ['status=pending&status=approved', 'status'],
      ['provider=1', 'provider'],
    ];
    for (const [query, field] of queries) {
      assert.deepEqual(blamed(await bad.api.call('GET', `${ADMIN_PATH}?${query}`)), [field], query);
    }
  });
});

test('the log tells of reports and decisions, and nothing of the person, the notes or the money', async () => {
  const { assignments, report } = await bad.buyer({ prices: ['76.54'] });
  await report(assignments[0]!, { category: 'other', notes: 'Her husband answered instead.' });
  await bad.decide(assignments[0]!, 'approve', { memo: 'Called the husband myself.' });
  await list();
  assert.doesNotMatch(bad.api.log.text(), /husband|bad\.lead@|\+4930|Lovelace|76[.,]?54/);
});
