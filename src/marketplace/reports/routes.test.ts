import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, test } from 'node:test';
import { sql } from 'kysely';
import { exportId } from '../../../contract/ids.ts';
import { exportListResponse } from '../../../contract/reports.ts';
import { createProvider } from '../../../test/factories/marketplace.ts';
import { createReports, EXPORTS, type Reports, type User } from '../../../test/helpers/reports.ts';
import { cleanUpExports } from './clean-up.ts';
import { markCompleted } from './store.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const never = new AbortController().signal;

let reports: Reports;
let admin: User;
before(async () => {
  reports = await createReports();
  admin = reports.admin;
});
after(() => reports.close());
beforeEach(() => reports.clear());

async function newProvider(): Promise<User> {
  const { userId } = await createProvider(reports.system.db);
  return { id: userId, role: 'provider' };
}

async function countRows(): Promise<{ exports: number; jobs: number }> {
  const { rows } = await sql<{ exports: number; jobs: number }>`
    SELECT (SELECT count(*)::int FROM report_exports) AS exports,
           (SELECT count(*)::int FROM outbox) AS jobs`.execute(reports.system.db);
  return rows[0]!;
}

const leadsOf = (count: number) => sql`
  INSERT INTO leads (niche_id, contact_name, email, phone, status)
  SELECT (SELECT id FROM niches LIMIT 1), 'Many', 'many@example.com', '+4912345678', 'pending_confirmation'
    FROM generate_series(1, ${count}::int)`;

describe('the life of an export', () => {
  test('is queued, completed, downloaded, and gone after 24 hours', async () => {
    const { ask, statusOf, finished, download, clock, system } = reports;
    const user = await newProvider();
    const createdAt = new Date(clock.now()).toISOString();
    const id = await ask(user, { report: 'ledger' });
    const queued = {
      job_id: id,
      report: 'ledger',
      status: 'queued',
      row_count: null,
      error: null,
      created_at: createdAt,
      completed_at: null,
      expires_at: null,
    };
    assert.deepEqual(await statusOf(user, id), queued);
    const early = await download(user, id);
    assert.deepEqual([early.status, early.text], [409, '{"error":"Conflict"}']);

    const completed = {
      ...queued,
      status: 'completed',
      row_count: 1,
      completed_at: createdAt,
      expires_at: new Date(clock.now() + DAY).toISOString(),
    };
    assert.deepEqual(await finished(user, id), completed);
    const file = await download(user, id);
    assert.equal(file.status, 200);
    assert.equal(file.headers['content-type'], 'text/csv; charset=utf-8; header=present');
    assert.equal(
      file.headers['content-disposition'],
      `attachment; filename="fmhl-ledger-${createdAt.slice(0, 10)}.csv"`,
    );
    assert.equal(file.headers['content-length'], String(Buffer.byteLength(file.text)));
    assert.equal(file.headers['cache-control'], 'no-store');
    assert.equal(file.text.split('\r\n').length, 3, 'a header, a row, and the end of the last line');

    clock.advance(DAY - 1);
    assert.equal((await download(user, id)).text, file.text, 'until the last millisecond');
    clock.advance(1);
    const gone = await download(user, id);
    assert.deepEqual([gone.status, gone.text], [410, '{"error":"Gone"}']);
    assert.deepEqual(await statusOf(user, id), { ...completed, status: 'expired' });

    const cleanUp = () => cleanUpExports({ db: system.db, clock, logger: system.logger }, never);
    assert.equal((await cleanUp()).files, 0, 'a download that has begun is let finish');
    clock.advance(HOUR);
    assert.deepEqual(await cleanUp(), { files: 1, unfinished: 0, forgotten: 0 });
    assert.equal((await download(user, id)).status, 410);
    assert.equal((await statusOf(user, id)).status, 'expired');
    clock.advance(29 * DAY);
    assert.deepEqual(await cleanUp(), { files: 0, unfinished: 0, forgotten: 1 });
    assert.equal((await download(user, id)).status, 404);
  });

  test('is listed for whoever asked, newest first, by the page', async () => {
    const { ask, call, clock } = reports;
    const user = await newProvider();
    await ask(admin, { report: 'leads' });
    const ids: string[] = [];
    for (const report of ['ledger', 'assignments', 'ledger']) {
      ids.unshift(await ask(user, { report }));
      clock.advance(1);
    }
    const list = async (query: string) =>
      exportListResponse.parse(JSON.parse((await call(user, 'GET', `${EXPORTS}${query}`)).text));
    const all = await list('');
    assert.deepEqual(
      all.exports.map(({ job_id }) => job_id),
      ids,
    );
    assert.deepEqual(all.pagination, { page: 1, limit: 25, total: 3, total_pages: 1 });
    const second = await list('?page=2&limit=2');
    assert.deepEqual(
      second.exports.map(({ job_id }) => job_id),
      ids.slice(2),
    );
    assert.equal((await list('?page=9')).pagination.total, 3);
    for (const query of ['?page=0', '?limit=101', '?limit=x', '?status=failed']) {
      assert.equal((await call(user, 'GET', `${EXPORTS}${query}`)).status, 400, query);
    }
  });

  test('a file of several megabytes arrives to the byte, whichever way it is cut', async () => {
    const { ask, download, call, system, clock } = reports;
    const id = await ask(admin, { report: 'leads' });
    const content = Buffer.from('0123456789abcdef,äöü€\r\n'.repeat(130_000));
    assert.ok(content.length > 3 * 1024 * 1024);
    await markCompleted(system.db, exportId.parse(id), {
      content,
      rowCount: 130_000,
      completedAt: new Date(clock.now()),
      expiresAt: new Date(clock.now() + DAY),
    });
    const file = await download(admin, id);
    assert.equal(file.text === content.toString(), true);
    const head = await call(admin, 'HEAD', `${EXPORTS}/${id}/download`);
    assert.deepEqual([head.status, head.headers['content-length']], [200, String(content.length)]);
    assert.equal(head.text, '');
  });
});

describe('an export belongs to whoever asked for it', () => {
  test("another's, an unknown one and a malformed id are not found, and nothing without a session", async () => {
    const { ask, finished, call } = reports;
    const [owner, other] = [await newProvider(), await newProvider()];
    const id = await ask(owner, { report: 'ledger' });
    await finished(owner, id);
    for (const path of ['status', 'download']) {
      for (const user of [other, admin]) {
        const answer = await call(user, 'GET', `${EXPORTS}/${id}/${path}`);
        assert.deepEqual([answer.status, answer.text], [404, '{"error":"Not found"}'], path);
      }
      assert.equal((await call(owner, 'GET', `${EXPORTS}/${randomUUID()}/${path}`)).status, 404);
      for (const odd of ['1', `${id}x`, "1'--", '%00']) {
        assert.equal((await call(owner, 'GET', `${EXPORTS}/${odd}/${path}`)).status, 400, odd);
      }
      assert.equal((await call(null, 'GET', `${EXPORTS}/${id}/${path}`)).status, 401);
    }
    assert.equal((await call(null, 'POST', EXPORTS, { report: 'ledger' })).status, 401);
    assert.equal((await call(null, 'GET', EXPORTS)).status, 401);
  });

  test('a user whose provider is inactive gets none', async () => {
    const { userId } = await createProvider(reports.system.db, { active: false });
    const answer = await reports.call({ id: userId, role: 'provider' }, 'POST', EXPORTS, {
      report: 'ledger',
    });
    assert.equal(answer.status, 403);
    assert.deepEqual(await countRows(), { exports: 0, jobs: 0 });
  });
});

describe('limits', () => {
  test('a provider gets five a day, also when it asks for many at once, and again the next day', async () => {
    const { call, clock, ask } = reports;
    const user = await newProvider();
    // What is refused does not count.
    await call(user, 'POST', EXPORTS, { report: 'nonsense' });
    await call(user, 'POST', EXPORTS, { report: 'leads' });
    const answers = await Promise.all(
      Array.from({ length: 15 }, () => call(user, 'POST', EXPORTS, { report: 'ledger' })),
    );
    const statuses = answers.map(({ status }) => status).sort((a, b) => a - b);
    assert.deepEqual(statuses, [...Array<number>(5).fill(202), ...Array<number>(10).fill(429)]);
    assert.deepEqual(await countRows(), { exports: 5, jobs: 5 });

    const refused = answers.find(({ status }) => status === 429)!;
    assert.equal(refused.text, '{"error":"Too many requests"}');
    const untilMidnight = DAY - (clock.now() % DAY);
    assert.equal(refused.headers['retry-after'], String(Math.ceil(untilMidnight / 1000)));
    assert.equal((await call(await newProvider(), 'POST', EXPORTS, { report: 'ledger' })).status, 202);

    clock.advance(untilMidnight - 1);
    assert.equal((await call(user, 'POST', EXPORTS, { report: 'ledger' })).status, 429);
    clock.advance(1);
    await ask(user, { report: 'ledger' });
  });

  test('an admin gets as many as it asks for', async () => {
    for (let n = 0; n < 7; n += 1) await reports.ask(admin, { report: 'ledger' });
  });

  test('5,000 rows are exported, 5,001 are refused and say so, when asked for and when made', async () => {
    const { ask, call, finished, exported, system } = reports;
    const body = { report: 'leads', filters: { status: 'pending_confirmation' } };
    await leadsOf(5_000).execute(system.db);
    const lines = await exported(admin, body);
    assert.equal(lines.length, 5_001);
    assert.equal(new Set(lines).size, 5_001, 'each lead once');

    const grown = await ask(admin, body);
    await leadsOf(1).execute(system.db);
    const failed = await finished(admin, grown);
    assert.equal(failed.status, 'failed');
    assert.equal(
      failed.error,
      'The filters match more than 5,000 rows: narrow them, for instance with from and to',
    );
    assert.equal((await call(admin, 'GET', `${EXPORTS}/${grown}/download`)).status, 409);
    assert.equal(await system.engine.queue('report_export').getFailedCount(), 0, 'no dead job');

    await reports.clear();
    const refused = await call(admin, 'POST', EXPORTS, body);
    assert.equal(refused.status, 400);
    assert.deepEqual(JSON.parse(refused.text), {
      error: 'Bad request',
      details: [
        {
          field: 'filters',
          message: 'match more than 5,000 rows: narrow them, for instance with from and to',
        },
      ],
    });
    assert.deepEqual(await countRows(), { exports: 0, jobs: 0 });
    await sql`DELETE FROM leads WHERE contact_name = 'Many'`.execute(system.db);
  });
});

describe('a request that makes no sense is a 400, names the field, and changes nothing', () => {
  const period = (from: unknown, to: unknown) => ({ report: 'ledger', filters: { from, to } });
  const bad: [string, unknown, string][] = [
    ['no report', {}, 'report'],
    ['an unknown report', { report: 'users' }, 'report'],
    ['a report that is no text', { report: ['leads'] }, 'report'],
    ['no object', [], 'body'],
    ['an unknown field', { report: 'leads', email: 'x' }, 'email'],
    ['filters that are no object', { report: 'leads', filters: 'all' }, 'filters'],
    ['an unknown filter', { report: 'leads', filters: { sql: '1=1' } }, 'filters.sql'],
    [
      "another report's filter",
      { report: 'leads', filters: { entry_type: 'deposit' } },
      'filters.entry_type',
    ],
    ['an unknown status', { report: 'leads', filters: { status: 'lost' } }, 'filters.status'],
    ['an unknown entry type', { report: 'ledger', filters: { entry_type: 'gift' } }, 'filters.entry_type'],
    ['a niche that is no slug', { report: 'leads', filters: { niche: "x' OR 1=1" } }, 'filters.niche'],
    ['a niche with NUL', { report: 'leads', filters: { niche: 'a\0' } }, 'filters.niche'],
    ['a date that is none', period('yesterday', undefined), 'filters.from'],
    ['a day that is none', period('2026-02-30', undefined), 'filters.from'],
    ['a period that ends before it begins', period('2026-01-02', '2025-12-31'), 'filters.to'],
    ['a period of no length', period('2026-01-02T00:00:00Z', '2026-01-02T00:00:00Z'), 'filters.to'],
    ['a provider that is no id', { report: 'ledger', filters: { provider_id: 'me' } }, 'filters.provider_id'],
    [
      'an unknown provider',
      { report: 'ledger', filters: { provider_id: randomUUID() } },
      'filters.provider_id',
    ],
  ];
  for (const [what, body, field] of bad) {
    test(what, async () => {
      const { status, text } = await reports.call(admin, 'POST', EXPORTS, body);
      assert.equal(status, 400, text);
      const { details } = JSON.parse(text) as { details: { field: string }[] };
      assert.deepEqual(
        details.map((one) => one.field),
        [field],
      );
      assert.deepEqual(await countRows(), { exports: 0, jobs: 0 });
    });
  }

  test('a provider that names a provider, itself or another', async () => {
    const [self, other] = [await createProvider(reports.system.db), await createProvider(reports.system.db)];
    for (const { id } of [self, other]) {
      const body = { report: 'ledger', filters: { provider_id: id } };
      const answer = await reports.call({ id: self.userId, role: 'provider' }, 'POST', EXPORTS, body);
      assert.equal(answer.status, 400);
      assert.match(answer.text, /filters\.provider_id/);
    }
    assert.deepEqual(await countRows(), { exports: 0, jobs: 0 });
  });
});
