import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { fakeClock, type FakeClock } from '../../../test/helpers/access-server.ts';
import { captureLog, type CapturedLog } from '../../../test/helpers/log.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/postgres.ts';
import { installAccess } from '../../ops/access/guard.ts';
import { createMetrics, type Metrics } from '../../ops/metrics/registry.ts';
import { createHttpServer } from '../../platform/http/server.ts';
import type { HttpServer } from '../../platform/http/types.ts';
import { emailSend } from '../email/queue.ts';
import { leadRoutes } from './routes.ts';

const HOUR_MS = 3_600_000;
const valid = {
  niche: 'vps-hosting',
  contact_name: 'Ada Lovelace',
  email: 'ada.lovelace@example.com',
  phone: '+49 (30) 123-456.78',
  answers: { cores: 8, managed: true, remarks: 'Two lines\nof text – 🚀' },
};

interface OutboxRow {
  id: string;
  queue_name: string;
  job_name: string;
  payload: { to: string; template: string; lead_id: string; data: Record<string, string | number> };
  job_options: { attempts: number; fmhl: { correlation_id: string } };
  correlation_id: string;
}

describe('lead intake', () => {
  let database: TestDatabase;
  let app: HttpServer;
  let metrics: Metrics;
  let log: CapturedLog;
  let clock: FakeClock;

  before(async () => {
    database = await createTestDatabase();
  });
  after(() => database.drop());

  const open = async (limit?: { max: number; windowMs: number }): Promise<void> => {
    clock = fakeClock();
    log = captureLog();
    const { logger } = log;
    metrics = createMetrics({ role: 'api', version: '0.0.0', queues: ['email_send'], logger });
    const { db } = database;
    app = await createHttpServer({ logger, onRequest: () => undefined });
    await installAccess(app, { db, clock });
    const publicUrl = (): string => 'https://leads.example.com';
    leadRoutes(app, { db, clock, metrics, emailQueue: emailSend, publicUrl, limit });
    await app.ready();
  };
  beforeEach(async () => {
    await open({ max: 1_000, windowMs: 60_000 });
    await database.pool.query('DELETE FROM leads; DELETE FROM outbox');
  });
  afterEach(() => app.close());

  const submit = (payload: unknown, headers: Record<string, string> = {}) =>
    app.inject({ method: 'POST', url: '/api/v1/leads', payload: payload as object, headers });
  const confirm = (token: string) =>
    app.inject({ method: 'GET', url: `/api/v1/leads/confirm?token=${encodeURIComponent(token)}` });
  const rows = async <T extends object>(sql: string): Promise<T[]> =>
    (await database.pool.query<T>(sql)).rows;
  const count = async (table: string): Promise<number> => (await rows(`SELECT 1 FROM ${table}`)).length;
  const submittedTotal = async (): Promise<number> =>
    Number(/^fmhl_leads_submitted_total (\d+)$/m.exec(await metrics.expose())?.[1]);
  /** Submits a lead and takes the token out of the email that it caused. */
  const submitted = async (): Promise<{ id: string; token: string }> => {
    const { id } = (await submit(valid)).json<{ id: string }>();
    const jobs = await rows<OutboxRow>('SELECT payload FROM outbox ORDER BY id DESC LIMIT 1');
    const token = new URL(String(jobs[0]?.payload.data.confirm_url)).searchParams.get('token');
    return { id, token: String(token) };
  };

  describe('submitting', () => {
    test('a lead is stored and waits for its confirmation', async () => {
      const correlation = randomUUID();
      const answer = await submit(valid, { 'x-correlation-id': correlation });
      assert.equal(answer.statusCode, 201);
      const { id, ...rest } = answer.json<{ id: string }>();
      assert.deepEqual(rest, { status: 'pending_confirmation' });

      const leads = await rows(
        `SELECT leads.id, niches.slug, contact_name, email, phone, answers, status, correlation_id,
                leads.created_at, confirmed_at, decided_at
           FROM leads JOIN niches ON niches.id = niche_id`,
      );
      assert.deepEqual(leads, [
        {
          id,
          slug: 'vps-hosting',
          contact_name: 'Ada Lovelace',
          email: 'ada.lovelace@example.com',
          phone: '+493012345678',
          answers: valid.answers,
          status: 'pending_confirmation',
          correlation_id: correlation,
          created_at: new Date(clock.now()),
          confirmed_at: null,
          decided_at: null,
        },
      ]);
      assert.equal(await submittedTotal(), 1);
    });

    test("the confirmation email is in the outbox, under the request's correlation id", async () => {
      const correlation = randomUUID();
      const { id } = (await submit(valid, { 'x-correlation-id': correlation })).json<{ id: string }>();
      const [job, ...more] = await rows<OutboxRow>('SELECT * FROM outbox');
      assert.deepEqual(more, []);
      assert.ok(job !== undefined);
      assert.equal(job.queue_name, 'email_send');
      assert.equal(job.job_name, 'send_email');
      assert.equal(job.correlation_id, correlation);
      assert.equal(job.job_options.fmhl.correlation_id, correlation);
      assert.equal(job.job_options.attempts, 3);
      const { confirm_url: url, ...data } = job.payload.data;
      assert.deepEqual(
        { ...job.payload, data },
        {
          to: 'ada.lovelace@example.com',
          template: 'lead_confirmation',
          lead_id: id,
          data: { niche: 'VPS hosting', expires_in_hours: 24 },
        },
      );
      assert.match(
        String(url),
        /^https:\/\/leads\.example\.com\/api\/v1\/leads\/confirm\?token=[A-Za-z0-9_-]{43}$/,
      );
    });

    test('of the token only the hash is stored, for 24 hours', async () => {
      const { id, token } = await submitted();
      assert.deepEqual(await rows('SELECT * FROM lead_confirmations'), [
        {
          token_hash: createHash('sha256').update(token).digest(),
          lead_id: id,
          expires_at: new Date(clock.now() + 24 * HOUR_MS),
          used_at: null,
        },
      ]);
    });

    test('bad input is refused with the field that is wrong, and nothing is stored or counted', async () => {
      const many = Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`q${index}`, index]));
      const cases: [change: object, field: string][] = [
        [{ niche: 'web-design' }, 'niche'],
        [{ niche: 'VPS hosting' }, 'niche'],
        [{ niche: "vps-hosting' OR '1'='1" }, 'niche'],
        [{ niche: undefined }, 'niche'],
        [{ contact_name: '   ' }, 'contact_name'],
        [{ contact_name: 'x'.repeat(201) }, 'contact_name'],
        [{ contact_name: 'Ada\r\nBcc: all@example.com' }, 'contact_name'],
        [{ contact_name: 'Ada\0' }, 'contact_name'],
        [{ contact_name: 7 }, 'contact_name'],
        [{ email: 'ada' }, 'email'],
        [{ email: 'a@example.com, b@example.com' }, 'email'],
        [{ email: 'a@example.com\r\nBcc: b@example.com' }, 'email'],
        [{ email: `${'x'.repeat(250)}@example.com` }, 'email'],
        [{ phone: '12345' }, 'phone'],
        [{ phone: '1234567890123456' }, 'phone'],
        [{ phone: 'call me' }, 'phone'],
        [{ phone: null }, 'phone'],
        [{ answers: [] }, 'answers'],
        [{ answers: many }, 'answers'],
        [{ answers: { nested: {} } }, 'answers.nested'],
        [{ answers: { long: 'x'.repeat(2_001) } }, 'answers.long'],
        [{ answers: { nul: 'a\0b' } }, 'answers.nul'],
        [{ answers: { half: '\ud83d' } }, 'answers.half'],
        [{ answers: { ['k'.repeat(101)]: 1 } }, `answers.${'k'.repeat(101)}`],
        [{ status: 'approved' }, 'status'],
      ];
      for (const [change, field] of cases) {
        const answer = await submit({ ...valid, ...change });
        const what = JSON.stringify(change).slice(0, 80);
        assert.equal(answer.statusCode, 400, what);
        const body = answer.json<{ error: string; details: { field: string }[] }>();
        assert.equal(body.error, 'Bad request');
        assert.deepEqual([...new Set(body.details.map((detail) => detail.field))], [field], what);
      }
      for (const payload of [[], 'text', null]) {
        const answer = await submit(payload, { 'content-type': 'application/json' });
        assert.equal(answer.statusCode, 400);
      }
      assert.equal(await count('leads'), 0);
      assert.equal(await count('outbox'), 0);
      assert.equal(await submittedTotal(), 0);
    });

    test('a body over the limit is refused as too large', async () => {
      const answer = await submit({ ...valid, answers: { a: 'x'.repeat(300_000) } });
      assert.equal(answer.statusCode, 413);
      assert.deepEqual(answer.json(), { error: 'Payload too large' });
    });

    test('a niche that is no longer active takes no leads', async () => {
      await database.pool.query("UPDATE niches SET active = FALSE WHERE slug = 'dedicated-servers'");
      const answer = await submit({ ...valid, niche: 'dedicated-servers' });
      await database.pool.query('UPDATE niches SET active = TRUE');
      assert.equal(answer.statusCode, 400);
      assert.equal((await submit({ ...valid, niche: 'dedicated-servers' })).statusCode, 201);
    });

    test('SQL in a value is data', async () => {
      const hostile = `'); DROP TABLE leads; -- "$1" \\`;
      const answer = await submit({ ...valid, contact_name: hostile, answers: { [hostile]: hostile } });
      assert.equal(answer.statusCode, 201);
      const [lead] = await rows('SELECT contact_name, answers FROM leads');
      assert.deepEqual(lead, { contact_name: hostile, answers: { [hostile]: hostile } });
    });

    test('a job that can not be written takes the lead with it, and nothing is counted', async () => {
      await database.pool.query(
        `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
         CREATE TRIGGER refuse BEFORE INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION refuse()`,
      );
      const answer = await submit(valid);
      await database.pool.query('DROP TRIGGER refuse ON outbox; DROP FUNCTION refuse()');
      assert.equal(answer.statusCode, 500);
      assert.deepEqual(Object.keys(answer.json<object>()), ['error', 'correlation_id']);
      assert.equal(await count('leads'), 0);
      assert.equal(await count('lead_confirmations'), 0);
      assert.equal(await submittedTotal(), 0);
      assert.deepEqual(log.find('lead_submitted'), []);
    });

    test('an address that submits too often is told to wait, and others are not', async () => {
      await app.close();
      await open({ max: 2, windowMs: 60_000 });
      const from = (remoteAddress: string) =>
        app.inject({ method: 'POST', url: '/api/v1/leads', payload: valid, remoteAddress });
      assert.equal((await from('192.0.2.1')).statusCode, 201);
      assert.equal((await from('192.0.2.1')).statusCode, 201);
      const refused = await from('192.0.2.1');
      assert.equal(refused.statusCode, 429);
      assert.deepEqual(refused.json(), { error: 'Too many requests' });
      assert.match(String(refused.headers['retry-after']), /^\d+$/);
      assert.equal((await from('192.0.2.2')).statusCode, 201);
      assert.equal(await count('leads'), 3);
    });

    test('30 a minute are let through unless told otherwise', async () => {
      await app.close();
      await open();
      const answer = await submit(valid);
      assert.equal(answer.headers['x-ratelimit-limit'], '30');
    });
  });

  describe('confirming', () => {
    test('the token of the email moves the lead to pending_approval', async () => {
      const { id, token } = await submitted();
      clock.advance(HOUR_MS);
      const answer = await confirm(token);
      assert.equal(answer.statusCode, 200);
      assert.deepEqual(answer.json(), { id, status: 'pending_approval' });
      assert.equal(answer.headers['cache-control'], 'no-store');
      assert.deepEqual(await rows('SELECT status, confirmed_at FROM leads'), [
        { status: 'pending_approval', confirmed_at: new Date(clock.now()) },
      ]);
    });

    test('a token confirms its own lead alone', async () => {
      const first = await submitted();
      const second = await submitted();
      assert.equal((await confirm(second.token)).json<{ id: string }>().id, second.id);
      assert.deepEqual(await rows("SELECT id FROM leads WHERE status = 'pending_confirmation'"), [
        { id: first.id },
      ]);
    });

    test('a token works once', async () => {
      const { token } = await submitted();
      assert.equal((await confirm(token)).statusCode, 200);
      const again = await confirm(token);
      assert.equal(again.statusCode, 410);
      assert.deepEqual(again.json(), { error: 'Gone' });
      await database.pool.query("UPDATE leads SET status = 'pending_confirmation', confirmed_at = NULL");
      assert.equal((await confirm(token)).statusCode, 410, 'whatever became of its lead');
    });

    test('of many uses at once one confirms', async () => {
      const { token } = await submitted();
      const answers = await Promise.all(Array.from({ length: 20 }, () => confirm(token)));
      const statuses = answers.map(({ statusCode }) => statusCode).sort();
      assert.deepEqual(statuses, [200, ...Array.from({ length: 19 }, () => 410)]);
      assert.equal(log.find('lead_confirmed').length, 1);
    });

    test('a token works up to its 24 hours, and then is gone', async () => {
      const early = await submitted();
      const late = await submitted();
      clock.advance(24 * HOUR_MS - 1);
      assert.equal((await confirm(early.token)).statusCode, 200);
      clock.advance(1);
      assert.equal((await confirm(late.token)).statusCode, 410);
      assert.equal((await rows("SELECT 1 FROM leads WHERE status = 'pending_confirmation'")).length, 1);
    });

    test('a token that was never given out is not found', async () => {
      await submitted();
      for (const token of ['x'.repeat(43), "' OR '1'='1", '\0', '🚀']) {
        const answer = await confirm(token);
        assert.equal(answer.statusCode, 404, token);
        assert.deepEqual(answer.json(), { error: 'Not found' });
      }
    });

    test('a lead that was decided meanwhile is not confirmed any more', async () => {
      const { token } = await submitted();
      await database.pool.query("UPDATE leads SET status = 'rejected', decided_at = now()");
      assert.equal((await confirm(token)).statusCode, 410);
      assert.deepEqual(await rows('SELECT status FROM leads'), [{ status: 'rejected' }]);
    });

    test('a query without one token is a bad request that names it', async () => {
      for (const query of ['', '?token=', `?token=${'x'.repeat(201)}`, '?token=a&token=b']) {
        const answer = await app.inject({ method: 'GET', url: `/api/v1/leads/confirm${query}` });
        assert.equal(answer.statusCode, 400, query);
        assert.equal(answer.json<{ details: { field: string }[] }>().details[0]?.field, 'token');
      }
    });

    test('a HEAD, as link checkers send it, uses nothing up', async () => {
      const { token } = await submitted();
      const head = await app.inject({ method: 'HEAD', url: `/api/v1/leads/confirm?token=${token}` });
      assert.equal(head.statusCode, 405);
      assert.equal((await confirm(token)).statusCode, 200);
    });
  });

  test('the log tells of both with lead and niche, and nothing of the person or the token', async () => {
    const { id, token } = await submitted();
    await confirm(token);
    await confirm(token);
    await submit({ ...valid, email: 'not.an.address@' });
    const facts = { lead_id: id, niche: 'vps-hosting' };
    assert.deepEqual(
      log.find('lead_submitted').map(({ metadata }) => metadata),
      [facts],
    );
    assert.deepEqual(
      log.find('lead_confirmed').map(({ metadata }) => metadata),
      [facts],
    );
    assert.doesNotMatch(log.text(), /Lovelace|Ada\b|not\.an|\+49|493012345678|Two lines/);
    assert.ok(!log.text().includes(token));
    const hash = createHash('sha256').update(token).digest();
    assert.ok(!log.text().includes(hash.toString('hex')) && !log.text().includes(hash.toString('base64url')));
  });
});
