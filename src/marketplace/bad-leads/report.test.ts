import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { badLeadReport } from '../../../contract/bad-leads.ts';
import { createTestBadLeads, type TestBadLeads } from '../../../test/helpers/bad-leads.ts';
import { installAccess } from '../../ops/access/guard.ts';
import { createHttpServer } from '../../platform/http/server.ts';
import { emailSend } from '../email/queue.ts';
import { badLeadRoutes } from './routes.ts';

let bad: TestBadLeads;
before(async () => {
  bad = await createTestBadLeads();
});
after(() => bad.close());

const HOUR_MS = 3_600_000;
const TOO_MANY = { status: 429, body: { error: 'Too many requests' } };
const reportedTotal = (): Promise<number> => bad.api.metric('fmhl_bad_leads_reported_total');

describe('a report', () => {
  test('of an own assignment is stored, counted and told', async () => {
    const before = await reportedTotal();
    const { provider, assignments, report } = await bad.buyer();
    const reply = await report(assignments[0]!, {
      category: 'other',
      notes: '  They never asked.\nAgain: never.  ',
    });
    assert.equal(reply.status, 201);
    const { lead_id: leadId, ...shown } = badLeadReport.parse(reply.body);
    assert.deepEqual(shown, {
      assignment_id: assignments[0],
      category: 'other',
      notes: 'They never asked.\nAgain: never.',
      status: 'pending',
      reported_at: new Date(bad.api.clock.now()).toISOString(),
    });
    const { rows } = await bad.database.pool.query(
      'SELECT * FROM bad_lead_reports WHERE assignment_id = $1',
      [assignments[0]],
    );
    assert.deepEqual(rows, [
      {
        assignment_id: assignments[0],
        provider_id: provider.id,
        category: 'other',
        notes: 'They never asked.\nAgain: never.',
        status: 'pending',
        reported_at: new Date(bad.api.clock.now()),
        decided_at: null,
        decided_by: null,
        decision_memo: null,
      },
    ]);
    assert.equal(await reportedTotal(), before + 1);
    assert.deepEqual(bad.api.log.find('bad_lead_reported').at(-1)?.metadata, {
      assignment_id: assignments[0],
      lead_id: leadId,
      provider_id: provider.id,
      category: 'other',
    });
  });

  test('of every category but other needs no notes, and empty ones are none', async () => {
    const categories = ['spam', 'duplicate', 'invalid_contact', 'out_of_scope'];
    const { assignments, report } = await bad.buyer({ count: 4 });
    for (const [n, category] of categories.entries()) {
      const reply = await report(assignments[n]!, n % 2 === 0 ? { category } : { category, notes: ' ' });
      assert.equal(reply.status, 201);
      const shown = badLeadReport.parse(reply.body);
      assert.equal(shown.category, category);
      assert.equal(shown.notes, null);
    }
  });

  test('again while it is pending is the report that is there, whatever the new one says', async () => {
    const { assignments, report } = await bad.buyer();
    const first = await report(assignments[0]!, { category: 'spam', notes: 'the first' });
    const counted = await reportedTotal();
    bad.api.clock.advance(HOUR_MS);
    const again = await report(assignments[0]!, { category: 'duplicate' });
    assert.deepEqual(again, { status: 200, body: first.body });
    assert.equal(await reportedTotal(), counted);
  });

  for (const verb of ['approve', 'reject'] as const) {
    test(`again after an admin's ${verb} is a conflict, and changes nothing`, async () => {
      const { assignments, report } = await bad.buyer();
      await report(assignments[0]!);
      assert.equal((await bad.decide(assignments[0]!, verb)).status, 200);
      const [state, counted] = [await bad.stateOf(assignments[0]!), await reportedTotal()];
      assert.deepEqual(await report(assignments[0]!), { status: 409, body: { error: 'Conflict' } });
      assert.deepEqual(await bad.stateOf(assignments[0]!), state);
      assert.equal(await reportedTotal(), counted);
    });
  }

  test('of one assignment many times at once is one report, counted once', async () => {
    const { assignments, report } = await bad.buyer();
    const counted = await reportedTotal();
    const replies = await Promise.all(Array.from({ length: 20 }, () => report(assignments[0]!)));
    const statuses = replies.map(({ status }) => status).sort();
    assert.deepEqual(statuses, [...Array.from({ length: 19 }, () => 200), 201]);
    assert.equal(new Set(replies.map(({ body }) => JSON.stringify(body))).size, 1);
    assert.equal(await reportedTotal(), counted + 1);
  });

  test('that can not be stored is not counted', async () => {
    const { assignments, report } = await bad.buyer();
    const counted = await reportedTotal();
    await bad.database.pool.query(
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
       CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON bad_lead_reports DEFERRABLE INITIALLY DEFERRED
         FOR EACH ROW EXECUTE FUNCTION refuse()`,
    );
    const reply = await report(assignments[0]!);
    await bad.database.pool.query('DROP TRIGGER refuse ON bad_lead_reports; DROP FUNCTION refuse()');
    assert.equal(reply.status, 500);
    assert.equal(await reportedTotal(), counted);
    assert.equal((await report(assignments[0]!)).status, 201);
  });
});

describe('the daily limit', () => {
  test('is 5 new reports a day in UTC; a report that is there may be asked for again', async () => {
    const { assignments, report } = await bad.buyer({ count: 7 });
    const other = await bad.buyer();
    bad.api.clock.advance(24 * HOUR_MS - (bad.api.clock.now() % (24 * HOUR_MS)) - 1_500);
    for (const one of assignments.slice(0, 5)) assert.equal((await report(one)).status, 201);
    const counted = await reportedTotal();
    assert.deepEqual(await report(assignments[5]!), TOO_MANY);
    assert.equal((await report(assignments[0]!)).status, 200);
    assert.equal((await bad.decide(assignments[0]!, 'reject')).status, 200);
    assert.deepEqual(await report(assignments[5]!), TOO_MANY, 'a decided report counts too');
    assert.equal(await reportedTotal(), counted);
    assert.equal((await other.report(other.assignments[0]!)).status, 201, 'it is per provider');
    bad.api.clock.advance(1_499);
    assert.deepEqual(await report(assignments[5]!), TOO_MANY);
    bad.api.clock.advance(1);
    assert.equal((await report(assignments[5]!)).status, 201);
    assert.equal((await report(assignments[6]!)).status, 201);
  });

  test('holds for reports that come all at once', async () => {
    const { assignments, report } = await bad.buyer({ count: 12 });
    const counted = await reportedTotal();
    const replies = await Promise.all(assignments.map((one) => report(one)));
    const refused = replies.filter(({ status }) => status !== 201);
    assert.deepEqual(
      refused,
      Array.from({ length: 7 }, () => TOO_MANY),
    );
    assert.equal(await reportedTotal(), counted + 5);
  });

  test('says when the next day begins', async () => {
    const { token, assignments, report } = await bad.buyer({ count: 6 });
    bad.api.clock.advance(24 * HOUR_MS - (bad.api.clock.now() % (24 * HOUR_MS)) - 2 * HOUR_MS);
    for (const one of assignments.slice(0, 5)) await report(one);
    const { clock, metrics, log } = bad.api;
    const { db } = bad.database;
    const app = await createHttpServer({ logger: log.logger, onRequest: () => undefined });
    await installAccess(app, { db, clock });
    badLeadRoutes(app, { db, clock, metrics, emailQueue: emailSend });
    const answer = await app.inject({
      method: 'POST',
      url: `/api/v1/provider/assignments/${assignments[5]!}/bad-lead`,
      headers: { authorization: `Bearer ${token}` },
      payload: { category: 'spam' },
    });
    await app.close();
    assert.equal(answer.statusCode, 429);
    assert.equal(answer.headers['retry-after'], '7200');
  });
});
