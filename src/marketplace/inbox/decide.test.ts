import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { inboxDecisionResponse, inboxLeadDetail } from '../../../contract/inbox.ts';
import { createTestInbox, INBOX_PATH, UNTOUCHED, type TestInbox } from '../../../test/helpers/inbox.ts';
import { viewLead } from './view.ts';

let inboxes: TestInbox;
before(async () => {
  inboxes = await createTestInbox();
});
after(() => inboxes.close());

describe('opening a lead', () => {
  test('shows everything the end user said, and marks the lead as viewed', async () => {
    const inbox = await inboxes.signedIn();
    const { lead, assignment } = await inbox.given({ email: 'open@example.com' });
    const { status, body } = await inbox.get(`/${lead.id}`);
    assert.equal(status, 200);
    assert.deepEqual(inboxLeadDetail.parse(body), {
      lead_id: lead.id,
      assignment_id: assignment.id,
      niche: 'cloud-hosting',
      niche_name: 'Cloud hosting',
      level_name: 'Gold',
      contact_name: 'Ada Lovelace',
      email: 'open@example.com',
      phone: '+493012345678',
      answers: { cores: 8, remarks: 'Two lines\nof text' },
      status: 'new',
      price_charged: '2.50',
      submitted_at: '2026-01-01T09:00:00.000Z',
      assigned_at: '2026-01-01T10:00:00.000Z',
      viewed_at: new Date(inboxes.api.clock.now()).toISOString(),
      decided_at: null,
      refunded_at: null,
      bad_lead_status: null,
    });
  });

  test('again keeps the first time', async () => {
    const inbox = await inboxes.signedIn();
    const { lead } = await inbox.given();
    const first = inboxLeadDetail.parse((await inbox.get(`/${lead.id}`)).body);
    inboxes.api.clock.advance(60_000);
    const again = inboxLeadDetail.parse((await inbox.get(`/${lead.id}`)).body);
    assert.deepEqual(again, first);
  });

  test('of many at once, one sets the time that all of them see', async () => {
    const inbox = await inboxes.signedIn();
    const { lead } = await inbox.given();
    const views = await Promise.all(
      Array.from({ length: 20 }, (_, n) => {
        const clock = { now: () => Date.parse('2026-02-01T00:00:00Z') + n * 1_000 };
        return viewLead({ db: inboxes.database.db, clock }, inbox.provider.id, lead.id);
      }),
    );
    assert.equal(new Set(views.map(({ viewed_at }) => viewed_at?.getTime())).size, 1);
  });

  test('by HEAD is not possible: it shows nothing, so it must view nothing', async () => {
    const inbox = await inboxes.signedIn();
    const assigned = await inbox.given();
    const token = await inboxes.api.signInAs(inbox.provider);
    const head = await inboxes.api.call('HEAD', `${INBOX_PATH}/${assigned.lead.id}`, { token });
    assert.equal(head.status, 405);
    assert.deepEqual(await inboxes.stateOf(assigned), UNTOUCHED);
  });
});

describe('deciding', () => {
  for (const [verb, status, other] of [
    ['accept', 'accepted', 'reject'],
    ['reject', 'rejected', 'accept'],
  ] as const) {
    test(`${verb} works once, from new: the same again changes nothing, ${other} is a conflict`, async () => {
      const inbox = await inboxes.signedIn();
      const { lead, assignment } = await inbox.given();
      const reply = await inbox.post(lead.id, verb);
      assert.equal(reply.status, 200);
      assert.deepEqual(inboxDecisionResponse.parse(reply.body), {
        lead_id: lead.id,
        assignment_id: assignment.id,
        status,
        decided_at: new Date(inboxes.api.clock.now()).toISOString(),
      });
      const stands = await inboxes.stateOf({ lead, assignment });
      inboxes.api.clock.advance(60_000);
      assert.deepEqual(await inbox.post(lead.id, verb), reply);
      assert.deepEqual(await inbox.post(lead.id, other), { status: 409, body: { error: 'Conflict' } });
      assert.deepEqual(await inboxes.stateOf({ lead, assignment }), stands);
      const told = inboxes.api.log
        .find(`assignment_${status}`)
        .filter((line) => line.metadata.lead_id === lead.id);
      assert.deepEqual(
        told.map(({ metadata }) => metadata),
        [{ lead_id: lead.id, assignment_id: assignment.id, provider_id: inbox.provider.id }],
      );
    });
  }

  test('both ways many times at once leaves one decision, and every answer is in keeping with it', async () => {
    const inbox = await inboxes.signedIn();
    const assigned = await inbox.given();
    const verbs = Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? 'accept' : 'reject'));
    const replies = await Promise.all(verbs.map((verb) => inbox.post(assigned.lead.id, verb)));
    const state = await inboxes.stateOf(assigned);
    for (const [n, { status }] of replies.entries()) {
      const kept = verbs[n] === (state?.status === 'accepted' ? 'accept' : 'reject');
      assert.equal(status, kept ? 200 : 409);
    }
  });

  test('needs no view, and is none', async () => {
    const inbox = await inboxes.signedIn();
    const assigned = await inbox.given();
    await inbox.post(assigned.lead.id, 'accept');
    assert.equal((await inboxes.stateOf(assigned))?.viewed_at, null);
  });
});
