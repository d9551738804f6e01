import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { parseMoney } from '../../../contract/money.ts';
import {
  createAssignment,
  createLead,
  createLevel,
  createNiche,
  createProvider,
  type TestProvider,
} from '../../../test/factories/marketplace.ts';
import { createReports, type Reports, type User } from '../../../test/helpers/reports.ts';
import { postEntry } from '../billing/ledger.ts';

let reports: Reports;
let admin: User;
before(async () => {
  reports = await createReports();
  admin = reports.admin;
});
after(() => reports.close());

const userOf = ({ userId }: TestProvider): User => ({ id: userId, role: 'provider' });
const at = (text: string): Date => new Date(text);

describe('the report of leads', () => {
  const header =
    'lead_id,niche,status,contact_name,email,phone,answers,created_at,confirmed_at,decided_at,rejection_reason';

  test('has every lead, oldest first, to the letter', async () => {
    const { system, exported } = reports;
    const niche = await createNiche(system.db, { slug: 'to-the-letter' });
    const later = await createLead(system.db, {
      nicheId: niche.id,
      status: 'pending_confirmation',
      contactName: '=cmd|calc',
      email: '+x@example.com',
      createdAt: at('2026-01-02T10:00:00.123Z'),
    });
    const earlier = await createLead(system.db, {
      nicheId: niche.id,
      contactName: 'Zoë "Z", 李',
      email: 'zoe@example.com',
      phone: '0301234567',
      answers: { budget: 9007199254740991, note: 'two\nlines' },
      createdAt: at('2026-01-01T10:00:00Z'),
    });
    const lines = await exported(admin, { report: 'leads', filters: { niche: 'to-the-letter' } });
    assert.deepEqual(lines, [
      header,
      `${earlier.id},to-the-letter,approved,"Zoë ""Z"", 李",zoe@example.com,0301234567,` +
        '"{""note"": ""two\\nlines"", ""budget"": 9007199254740991}",' +
        '2026-01-01T10:00:00.000Z,2026-01-01T10:00:00.000Z,2026-01-01T10:00:00.000Z,',
      `${later.id},to-the-letter,pending_confirmation,'=cmd|calc,'+x@example.com,'+493012345678,{},` +
        '2026-01-02T10:00:00.123Z,,,',
    ]);
  });

  test('is cut by period, status and niche; a period has its begin and not its end', async () => {
    const { system, exported } = reports;
    const niche = await createNiche(system.db, { slug: 'cut-leads' });
    const make = async (createdAt: string, status: 'approved' | 'rejected' = 'approved'): Promise<string> =>
      (await createLead(system.db, { nicheId: niche.id, createdAt: at(createdAt), status })).id;
    const first = await make('2026-02-01T00:00:00Z');
    const second = await make('2026-02-01T23:59:59.999Z');
    const third = await make('2026-02-02T00:00:00Z');
    const rejected = await make('2026-02-03T00:00:00Z', 'rejected');
    const ids = async (filters: object): Promise<(string | undefined)[]> =>
      (await exported(admin, { report: 'leads', filters: { niche: 'cut-leads', ...filters } }))
        .slice(1)
        .map((line) => line.split(',')[0]);

    assert.deepEqual(await ids({}), [first, second, third, rejected]);
    assert.deepEqual(await ids({ from: '2026-02-01T00:00:00.001Z', to: '2026-02-02T00:00:00Z' }), [second]);
    assert.deepEqual(await ids({ to: '2026-02-01' }), [first, second], 'a day is all of it');
    assert.deepEqual(await ids({ from: '2026-02-02T01:00:00+01:00' }), [third, rejected]);
    assert.deepEqual(await ids({ status: 'rejected' }), [rejected]);
    assert.deepEqual(await ids({ status: 'pending_approval' }), []);
    assert.deepEqual(await ids({ from: '0000-01-01T00:00:00+05:00', to: '9999-12-31' }), [
      ...[first, second, third, rejected],
    ]);
  });

  test('of nothing is its header', async () => {
    assert.deepEqual(await reports.exported(admin, { report: 'leads', filters: { niche: 'no-such' } }), [
      header,
    ]);
  });

  test('is not for providers', async () => {
    const user = userOf(await createProvider(reports.system.db));
    const answer = await reports.call(user, 'POST', '/api/v1/reports/exports', { report: 'leads' });
    assert.deepEqual([answer.status, answer.text], [403, '{"error":"Insufficient permissions"}']);
  });
});

/** Two providers with an assignment of the same lead each, and one more of another lead for the first. */
async function scene() {
  const { db } = reports.system;
  const niche = await createNiche(db);
  const level = await createLevel(db, { nicheId: niche.id, price: '12.50', name: '-Gold-' });
  const one = await createProvider(db, { companyName: '@ACME, Inc.' });
  const two = await createProvider(db);
  const both = await createLead(db, { nicheId: level.nicheId, contactName: 'Both', answers: { q: 1 } });
  const single = await createLead(db, { nicheId: level.nicheId, contactName: 'Single' });
  const assign = (
    leadId: typeof both.id,
    provider: TestProvider,
    day: string,
    status: 'new' | 'accepted' = 'new',
  ) =>
    createAssignment(db, {
      ...{ leadId, providerId: provider.id, levelId: level.id, status },
      assignedAt: at(`${day}T12:00:00Z`),
    });
  const assignments = {
    second: await assign(single.id, one, '2026-03-02', 'accepted'),
    first: await assign(both.id, one, '2026-03-01'),
    foreign: await assign(both.id, two, '2026-03-01'),
  };
  return { niche, one, two, both, single, assignments };
}

describe('the report of assignments', () => {
  test("has a provider's own with the contacts it paid for, oldest first, to the letter", async () => {
    const { niche, one, both, single, assignments } = await scene();
    const lines = await reports.exported(userOf(one), { report: 'assignments' });
    const common = (status: string, contact: string, email: string, answers: string) =>
      `${one.id},"'@ACME, Inc.",${niche.slug},'-Gold-,${status},12.50,${contact},${email},'+493012345678,${answers}`;
    assert.deepEqual(lines, [
      'assignment_id,lead_id,provider_id,company_name,niche,level,status,price_charged,contact_name,email,' +
        'phone,answers,assigned_at,viewed_at,decided_at,refunded_at',
      `${assignments.first.id},${both.id},${common('new', 'Both', both.email, '"{""q"": 1}"')},2026-03-01T12:00:00.000Z,,,`,
      `${assignments.second.id},${single.id},${common('accepted', 'Single', single.email, '{}')},` +
        '2026-03-02T12:00:00.000Z,,2026-03-02T12:00:00.000Z,',
    ]);
  });

  test("has everybody's for an admin, or those of one provider, and is cut by status and period", async () => {
    const { one, two, assignments } = await scene();
    const { first, second, foreign } = assignments;
    const ids = async (user: User, filters: object): Promise<(string | undefined)[]> =>
      (await reports.exported(user, { report: 'assignments', filters }))
        .slice(1)
        .map((line) => line.split(',')[0]);

    const all = await ids(admin, {});
    for (const { id } of [first, second, foreign]) assert.ok(all.includes(id));
    assert.deepEqual(await ids(admin, { provider_id: two.id }), [foreign.id]);
    assert.deepEqual(await ids(userOf(two), {}), [foreign.id]);
    assert.deepEqual(await ids(userOf(one), { status: 'accepted' }), [second.id]);
    assert.deepEqual(await ids(userOf(one), { to: '2026-03-01' }), [first.id]);
    assert.deepEqual(await ids(userOf(one), { niche: 'elsewhere' }), []);
  });
});

describe('the report of the ledger', () => {
  test('has credits and debits without a sign, in the order they were booked, to the letter', async () => {
    const { db } = reports.system;
    const { one, both, single, assignments } = await scene();
    await db.transaction().execute((tx) =>
      postEntry(tx, {
        providerId: one.id,
        type: 'manual_credit',
        amount: parseMoney('0.05'),
        actor: { id: null, role: 'system' },
        memo: '=HYPERLINK("http://x.example")',
        correlationId: null,
        at: at('2026-03-03T00:00:00Z'),
      }),
    );
    const lines = await reports.exported(userOf(one), { report: 'ledger' });
    assert.equal(
      lines[0],
      'entry_id,created_at,provider_id,company_name,entry_type,credit,debit,balance_after,lead_id,assignment_id,memo',
    );
    // Ids are given by the database, and the deposit's time is now.
    const rest = lines.slice(1).map((line) => line.split(',').slice(2).join(','));
    const company = `${one.id},"'@ACME, Inc."`;
    assert.deepEqual(rest, [
      `${company},deposit,100.00,,100.00,,,`,
      `${company},lead_purchase,,12.50,87.50,${single.id},${assignments.second.id},`,
      `${company},lead_purchase,,12.50,75.00,${both.id},${assignments.first.id},`,
      `${company},manual_credit,0.05,,75.05,,,"'=HYPERLINK(""http://x.example"")"`,
    ]);
    const ids = lines.slice(1).map((line) => Number(line.split(',')[0]));
    assert.deepEqual(
      ids,
      ids.toSorted((a, b) => a - b),
    );
  });

  test("has everybody's for an admin, or that of one provider, and is cut by type and period", async () => {
    const { one, two } = await scene();
    const types = async (user: User, filters: object): Promise<(string | undefined)[]> =>
      (await reports.exported(user, { report: 'ledger', filters }))
        .slice(1)
        // No company name of these has a comma.
        .map((line) => line.split(',').at(-7));
    assert.ok((await types(admin, {})).length >= 5);
    assert.deepEqual(await types(admin, { provider_id: two.id }), ['deposit', 'lead_purchase']);
    assert.deepEqual(await types(userOf(two), {}), ['deposit', 'lead_purchase']);
    assert.deepEqual(await types(userOf(one), { entry_type: 'deposit' }), ['deposit']);
    const march = { from: '2026-03-01', to: '2026-03-01' };
    assert.deepEqual(await types(userOf(one), march), ['lead_purchase']);
  });
});
