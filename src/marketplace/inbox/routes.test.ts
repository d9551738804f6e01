import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { createAssignment, createLead, createProvider } from '../../../test/factories/marketplace.ts';
import { createTestInbox, INBOX_PATH, UNTOUCHED, type TestInbox } from '../../../test/helpers/inbox.ts';
import { blamed, type Reply } from '../../../test/helpers/marketplace-api.ts';

let inboxes: TestInbox;
before(async () => {
  inboxes = await createTestInbox();
});
after(() => inboxes.close());

describe('nobody else', () => {
  const endpoints = (leadId: string): ['GET' | 'POST', string][] => [
    ['GET', `/${leadId}`],
    ['POST', `/${leadId}/accept`],
    ['POST', `/${leadId}/reject`],
  ];

  test("another provider's lead is not found, exactly like one that does not exist, and does not change", async () => {
    const owner = await inboxes.signedIn();
    const stranger = await inboxes.signedIn();
    const assigned = await owner.given();
    const unassigned = (await createLead(inboxes.database.db, { nicheId: inboxes.level.nicheId })).id;
    const token = await inboxes.api.signInAs(stranger.provider);
    const ids = [assigned.lead.id, assigned.assignment.id, unassigned, randomUUID()];
    for (const [method, path] of ids.flatMap(endpoints)) {
      const reply = await inboxes.api.call(method, `${INBOX_PATH}${path}`, { token });
      assert.deepEqual(reply, { status: 404, body: { error: 'Not found' } }, `${method} ${path}`);
    }
    assert.deepEqual(await inboxes.stateOf(assigned), UNTOUCHED);
  });

  test('of two providers with one lead, each has its own state', async () => {
    const one = await inboxes.signedIn();
    const two = await inboxes.signedIn();
    const first = await one.given();
    const second = await createAssignment(inboxes.database.db, {
      ...{ leadId: first.lead.id, providerId: two.provider.id, levelId: inboxes.level.id },
    });
    await two.get(`/${first.lead.id}`);
    assert.equal((await two.post(first.lead.id, 'reject')).status, 200);
    assert.deepEqual(await inboxes.stateOf(first), UNTOUCHED);
    assert.equal((await one.post(first.lead.id, 'accept')).status, 200);
    assert.equal((await inboxes.stateOf({ lead: first.lead, assignment: second }))?.status, 'rejected');
  });

  test('is let in: not without a session, not as an admin, not as a user without an active provider', async () => {
    const { provider, given } = await inboxes.signedIn();
    const assigned = await given();
    const inactive = await inboxes.api.signInAs(await createProvider(inboxes.database.db, { active: false }));
    for (const [method, path] of [['GET', ''] as const, ...endpoints(assigned.lead.id)]) {
      const call = (token?: string | null): Promise<Reply> =>
        inboxes.api.call(method, `${INBOX_PATH}${path}`, token === undefined ? {} : { token });
      assert.equal((await call(null)).status, 401);
      assert.equal((await call()).status, 403);
      assert.equal((await call(inactive)).status, 403);
    }
    assert.deepEqual(await inboxes.stateOf(assigned), UNTOUCHED);
    await inboxes.database.pool.query('UPDATE providers SET is_active = FALSE WHERE id = $1', [provider.id]);
    assert.equal(
      (await inboxes.api.call('GET', INBOX_PATH, { token: await inboxes.api.signInAs(provider) })).status,
      403,
    );
  });
});

test('bad input is refused with the field that is wrong, and changes nothing', async () => {
  const inbox = await inboxes.signedIn();
  const assigned = await inbox.given();
  const queries: [query: string, field: string][] = [
    ...['page=0', 'page=-1', 'page=1.5', 'page=1000001', 'page=', 'page=1&page=2'].map(
      (query): [string, string] => [query, 'page'],
    ),
    ...['limit=0', 'limit=101', 'limit=all', 'limit=1e1'].map((query): [string, string] => [query, 'limit']),
    ['status=pending', 'status'],
    ['status=', 'status'],
    ['niche=VPS%20hosting', 'niche'],
    ["niche=x'%20OR%20'1'='1", 'niche'],
    [`niche=${'x'.repeat(101)}`, 'niche'],
    ['from=yesterday', 'from'],
    ['from=2026-02-30', 'from'],
    ['from=01.02.2026', 'from'],
    ['to=2026-13-01', 'to'],
    ['from=2026-02-02&to=2026-02-01', 'to'],
    ['search=ab', 'search'],
    ['search=%20%20ab%20%20', 'search'],
    ['search=', 'search'],
    ['search=a%00bc', 'search'],
    ['search=a%0Abc', 'search'],
    [`search=${'x'.repeat(255)}`, 'search'],
    ['search=abc&search=def', 'search'],
    ['provider_id=1', 'provider_id'],
    ['order=asc', 'order'],
  ];
  for (const [query, field] of queries) {
    assert.deepEqual([...new Set(blamed(await inbox.get(`?${query}`)))], [field], query);
  }
  for (const id of ['1', 'not-a-uuid', `${assigned.lead.id}x`, '%00', "'%20OR%201=1"]) {
    assert.deepEqual(blamed(await inbox.get(`/${id}`)), ['leadId'], id);
    assert.deepEqual(blamed(await inbox.post(id, 'accept')), ['leadId'], id);
    assert.deepEqual(blamed(await inbox.post(id, 'reject')), ['leadId'], id);
  }
  assert.deepEqual(await inboxes.stateOf(assigned), UNTOUCHED);
});

test('the log tells of decisions and nothing of the person', async () => {
  const inbox = await inboxes.signedIn();
  const { lead } = await inbox.given({ email: 'secret.person@example.com', phone: '+498912312399' });
  await inbox.list({ search: 'secret.person' });
  await inbox.list({ search: '+49 89 123' });
  await inbox.get(`/${lead.id}`);
  await inbox.post(lead.id, 'accept');
  await inbox.get('?search=secret.person%00');
  assert.doesNotMatch(inboxes.api.log.text(), /secret|\+4989|8912312399|\+49 89|Lovelace/);
});
