import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createAssignment, createLevel, createNiche } from '../../../test/factories/marketplace.ts';
import { createTestInbox, UNTOUCHED, type TestInbox } from '../../../test/helpers/inbox.ts';

let inboxes: TestInbox;
before(async () => {
  inboxes = await createTestInbox();
});
after(() => inboxes.close());

describe('the list', () => {
  test('shows what the provider was assigned, newest first, with the contact it paid for', async () => {
    const inbox = await inboxes.signedIn();
    const older = await inbox.given({ email: 'older@example.com', assignedAt: '2026-01-01T10:00:00Z' });
    const newer = await inbox.given({ email: 'newer@example.com', assignedAt: '2026-01-01T11:00:00.123Z' });
    const { leads, pagination } = await inbox.list();
    assert.deepEqual(pagination, { page: 1, limit: 25, total: 2, total_pages: 1 });
    assert.deepEqual(
      leads.map((lead) => lead.lead_id),
      [newer.lead.id, older.lead.id],
    );
    assert.deepEqual(leads[0], {
      lead_id: newer.lead.id,
      assignment_id: newer.assignment.id,
      niche: 'cloud-hosting',
      contact_name: 'Ada Lovelace',
      email: 'newer@example.com',
      phone: '+493012345678',
      status: 'new',
      price_charged: '2.50',
      assigned_at: '2026-01-01T11:00:00.123Z',
      viewed_at: null,
      decided_at: null,
      refunded_at: null,
      bad_lead_status: null,
    });
  });

  test('looking at the list views nothing', async () => {
    const inbox = await inboxes.signedIn();
    const assigned = await inbox.given();
    await inbox.list();
    assert.deepEqual(await inboxes.stateOf(assigned), UNTOUCHED);
  });

  test("another provider's leads are not there, also where both have the same lead", async () => {
    const mine = await inboxes.signedIn();
    const theirs = await inboxes.signedIn();
    await theirs.given({ email: 'theirs@example.com' });
    const shared = await theirs.given({ email: 'shared@example.com' });
    assert.deepEqual(await mine.emails({}), []);
    await createAssignment(inboxes.database.db, {
      ...{
        leadId: shared.lead.id,
        providerId: mine.provider.id,
        levelId: inboxes.level.id,
        status: 'accepted',
      },
    });
    assert.deepEqual(await mine.emails({}), ['shared@example.com']);
    assert.deepEqual(await mine.emails({ search: 'theirs' }), []);
    assert.deepEqual(await mine.emails({ status: 'new' }), []);
  });

  test('has 25 a page by default and 100 at most; every lead is on one page, equal times or not', async () => {
    const inbox = await inboxes.signedIn();
    for (let n = 0; n < 102; n += 1) await inbox.given();
    const first = await inbox.list();
    assert.equal(first.leads.length, 25);
    assert.deepEqual(first.pagination, { page: 1, limit: 25, total: 102, total_pages: 5 });
    const pages = [];
    for (const page of ['1', '2', '3', '4', '5']) pages.push(await inbox.list({ page }));
    assert.equal(pages[4]?.leads.length, 2);
    assert.equal(new Set(pages.flatMap(({ leads }) => leads.map((lead) => lead.lead_id))).size, 102);
    assert.equal((await inbox.list({ limit: '100' })).leads.length, 100);
    const beyond = await inbox.list({ page: '1000000', limit: '100' });
    assert.deepEqual(beyond, {
      leads: [],
      pagination: { page: 1_000_000, limit: 100, total: 102, total_pages: 2 },
    });
  });

  test('is filtered by status, niche and dates, one by one and together', async () => {
    const inbox = await inboxes.signedIn();
    const other = await createLevel(inboxes.database.db, {
      nicheId: (await createNiche(inboxes.database.db, { slug: 'colocation' })).id,
    });
    const at = (day: string) => ({ assignedAt: `${day}Z` });
    await inbox.given({ email: 'a@example.com', status: 'accepted', ...at('2026-03-01T00:00:00') });
    await inbox.given({ email: 'b@example.com', status: 'rejected', ...at('2026-03-01T23:59:59.999') });
    await inbox.given({ email: 'c@example.com', level: other, ...at('2026-03-02T00:00:00') });
    await inbox.given({
      email: 'd@example.com',
      status: 'accepted',
      level: other,
      ...at('2026-03-03T12:00:00'),
    });
    const cases: [query: Record<string, string>, found: string][] = [
      [{}, 'd c b a'],
      [{ status: 'new' }, 'c'],
      [{ status: 'accepted' }, 'd a'],
      [{ status: 'rejected' }, 'b'],
      [{ niche: 'cloud-hosting' }, 'b a'],
      [{ niche: 'colocation' }, 'd c'],
      [{ niche: 'no-such-niche' }, ''],
      [{ from: '2026-03-02' }, 'd c'],
      [{ to: '2026-03-01' }, 'b a'],
      [{ from: '2026-03-01', to: '2026-03-01' }, 'b a'],
      [{ from: '2026-03-01T00:00:00.001Z', to: '2026-03-02T00:00:00.000Z' }, 'b'],
      [{ from: '2026-03-02T01:00:00+01:00' }, 'd c'],
      [{ from: '0001-01-01', to: '9999-12-31' }, 'd c b a'],
      [{ niche: 'colocation', status: 'accepted', from: '2026-03-03', search: 'example' }, 'd'],
      [{ niche: 'colocation', status: 'accepted', to: '2026-03-02' }, ''],
    ];
    for (const [query, found] of cases) {
      const names = (await inbox.emails(query)).map((email) => email.slice(0, 1));
      assert.equal(names.join(' '), found, JSON.stringify(query));
    }
  });

  test('says what became of a lead: viewed, decided, reported, refunded', async () => {
    const inbox = await inboxes.signedIn();
    const { lead, assignment } = await inbox.given();
    await inbox.get(`/${lead.id}`);
    await inbox.post(lead.id, 'accept');
    await inboxes.database.pool.query(
      `INSERT INTO bad_lead_reports (assignment_id, provider_id, category) VALUES ($1, $2, 'spam')`,
      [assignment.id, inbox.provider.id],
    );
    await inboxes.database.pool.query(
      `UPDATE lead_assignments SET refunded_at = '2026-01-05T00:00:00Z' WHERE id = $1`,
      [assignment.id],
    );
    const now = new Date(inboxes.api.clock.now()).toISOString();
    const [shown] = (await inbox.list()).leads;
    assert.equal(shown?.viewed_at, now);
    assert.equal(shown.decided_at, now);
    assert.equal(shown.status, 'accepted');
    assert.equal(shown.bad_lead_status, 'pending');
    assert.equal(shown.refunded_at, '2026-01-05T00:00:00.000Z');
  });

  test('every query of the list is timed once, and nothing else is', async () => {
    const inbox = await inboxes.signedIn();
    const { lead } = await inbox.given();
    const before = await inboxes.api.metric('fmhl_inbox_query_duration_ms_count');
    await inbox.list();
    await inbox.list({ search: 'nobody' });
    await inbox.get(`/${lead.id}`);
    await inbox.get('?limit=0');
    await inbox.post(lead.id, 'accept');
    assert.equal(await inboxes.api.metric('fmhl_inbox_query_duration_ms_count'), before + 2);
  });
});

describe('the search', () => {
  test('finds a part of the email in any case, and a part of the phone number with any separators', async () => {
    const inbox = await inboxes.signedIn();
    await inbox.given({ email: 'Grace.Hopper@Navy.example', phone: '+13015550100' });
    await inbox.given({ email: 'ada+leads@example.com', phone: '02081234567' });
    const cases: [search: string, found: string[]][] = [
      ['hopper', ['Grace.Hopper@Navy.example']],
      ['HOPPER@navy', ['Grace.Hopper@Navy.example']],
      ['  grace  ', ['Grace.Hopper@Navy.example']],
      ['example', ['ada+leads@example.com', 'Grace.Hopper@Navy.example']],
      ['ada+', ['ada+leads@example.com']],
      ['555-01', ['Grace.Hopper@Navy.example']],
      ['(301) 555', ['Grace.Hopper@Navy.example']],
      ['+1 301', ['Grace.Hopper@Navy.example']],
      ['0208/123', ['ada+leads@example.com']],
      ['+208', []],
      ['Hoppe r', []],
      ['5 5 5 9', []],
    ];
    for (const [search, found] of cases) {
      assert.deepEqual((await inbox.emails({ search })).sort(), [...found].sort(), search);
    }
  });

  test('takes the text as it is: no character is a pattern, an escape or SQL', async () => {
    const inbox = await inboxes.signedIn();
    const odd = ['under_score@x.example', 'per%cent@x.example', 'back\\slash@x.example', "o'brien@x.example"];
    const plain = ['underXscore@x.example', 'perZcent@x.example', 'backslash@x.example', 'obrien@x.example'];
    for (const email of [...odd, ...plain]) await inbox.given({ email });
    const literal: [search: string, found: string[]][] = [
      ['under_s', [odd[0]!]],
      ['per%c', [odd[1]!]],
      ['k\\s', [odd[2]!]],
      ["o'b", [odd[3]!]],
    ];
    for (const [search, found] of literal) assert.deepEqual(await inbox.emails({ search }), found, search);
    const nowhere = [
      ...[
        '%%%',
        '___',
        '\\\\\\',
        "'''",
        '.*@',
        '^und',
        'x.example$',
        '[a-z]',
        '(obrien|per)',
        '%cent%',
        'under?score',
      ],
      ...[
        "' OR '1'='1",
        "x'); DROP TABLE leads; --",
        '$1::text',
        '${search}',
        '"; SELECT 1; --',
        "\\' OR 1=1 --",
      ],
      ...[
        'ünder',
        'оbrien',
        '名前名',
        '🚀🚀🚀',
        'e\u0301ee',
        '\u202eabc',
        'İstanbul',
        'x'.repeat(254),
        '9'.repeat(254),
      ],
    ];
    for (const search of nowhere) assert.deepEqual(await inbox.emails({ search }), [], search);
    assert.equal((await inbox.list()).pagination.total, 8);
  });

  test('follows a lead whose contact is corrected', async () => {
    const inbox = await inboxes.signedIn();
    const { lead } = await inbox.given({ email: 'typo@exmaple.example', phone: '+49111111' + '11' });
    await inboxes.database.pool.query('UPDATE leads SET email = $2, phone = $3 WHERE id = $1', [
      lead.id,
      'Right@Example.example',
      '+49222222222',
    ]);
    assert.deepEqual(await inbox.emails({ search: 'typo@' }), []);
    assert.deepEqual(await inbox.emails({ search: '1111' }), []);
    assert.deepEqual(await inbox.emails({ search: 'right@example' }), ['Right@Example.example']);
    assert.deepEqual(await inbox.emails({ search: '2222' }), ['Right@Example.example']);
  });
});
