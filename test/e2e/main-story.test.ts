/**
 * The product's main job, on real roles in processes of their own: a lead comes in, the mail server is
 * broken, the confirmation email dies, an admin finds it and retries it once the server is mended, and
 * the mail arrives. Metrics, logs and health tell the story all along.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { z } from 'zod';
import { deadLetterDetail, deadLetterListResponse } from '../../contract/dead-letters.ts';
import type { LogEvent } from '../../contract/log.ts';
import { signIn } from '../helpers/access.ts';
import { eventually } from '../helpers/eventually.ts';
import { createEmptyDatabase, type TestDatabase } from '../helpers/postgres.ts';
import { startRole, type RunningRole } from '../helpers/processes.ts';
import { startRedis, type RedisServer } from '../helpers/redis.ts';
import { startSmtp, type TestSmtp } from '../helpers/smtp.ts';

const ADMIN = {
  email: 'admin@example.com',
  password: 'correct horse battery',
  totpSecret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
};
const LEAD = {
  niche: 'vps-hosting',
  contact_name: 'Ann Example',
  email: 'ann.example@example.com',
  phone: '+44 20 7946 0018',
  answers: { budget: 'up to 50 a month' },
};
const correlation = randomUUID();

let database: TestDatabase;
let redis: RedisServer;
let smtp: TestSmtp;
let api: RunningRole;
let worker: RunningRole;
let housekeeping: RunningRole[];
let all: RunningRole[] = [];
let token = '';

before(async () => {
  [database, redis, smtp] = await Promise.all([createEmptyDatabase(), startRedis(), startSmtp()]);
  const env = {
    DATABASE_URL: database.url,
    REDIS_URL: redis.url,
    SMTP_URL: smtp.url,
    FMHL_PUBLIC_URL: 'https://leads.example',
    FMHL_ADMIN_EMAIL: ADMIN.email,
    FMHL_ADMIN_PASSWORD: ADMIN.password,
    FMHL_ADMIN_TOTP_SECRET: ADMIN.totpSecret,
    FMHL_QUEUE_EMAIL_SEND_BACKOFF_MS: '50,100,100',
    FMHL_SHUTDOWN_DRAIN_MS: '0',
    FMHL_LOG_LEVEL: 'debug',
  };
  // All at once, on an empty database: parallel boots apply the migrations once.
  all = await Promise.all(
    (['api', 'worker', 'housekeeping', 'housekeeping'] as const).map((role) => startRole(role, { env })),
  );
  [api, worker, ...housekeeping] = all as [RunningRole, RunningRole, ...RunningRole[]];
});
after(async () => {
  await Promise.all(all.map((role) => role.kill9()));
  await Promise.all([database.drop(), redis.stop(), smtp.stop()]);
});

const get = async (path: string): Promise<{ status: number; body: unknown }> => {
  const response = await fetch(`${api.url}${path}`, { headers: { authorization: `Bearer ${token}` } });
  return { status: response.status, body: await response.json() };
};
const deadLetters = async (query = '') =>
  deadLetterListResponse.parse((await get(`/api/v1/admin/queues/dlq?queue=email_send${query}`)).body);

const metrics = async (role: RunningRole): Promise<string> => (await fetch(`${role.url}/metrics`)).text();
const metric = async (role: RunningRole, series: string): Promise<number> => {
  const line = (await metrics(role)).split('\n').find((one) => one.startsWith(`${series} `));
  assert.ok(line, `${role.role} has ${series}`);
  return Number(line.slice(series.length));
};
/** The events of the lead's correlation id in the log of a role. */
const told = (role: RunningRole): LogEvent[] =>
  role
    .lines()
    .filter((line) => line.correlation_id === correlation)
    .map((line) => line.event);

describe('a lead whose confirmation email dies and is retried', () => {
  test('every process is live and ready', async () => {
    for (const role of all) {
      const live = await fetch(`${role.url}/health/live`);
      assert.deepEqual([live.status, await live.json()], [200, { status: 'ok' }]);
      const ready = await fetch(`${role.url}/health/ready`);
      assert.equal(ready.status, 200, role.role);
      const { status, checks } = (await ready.json()) as {
        status: string;
        checks: Record<string, { status: string }>;
      };
      assert.equal(status, 'ready');
      assert.deepEqual(
        Object.values(checks).map((check) => check.status),
        ['up', 'up', 'up'],
      );
    }
  });

  test('the admin signs in with password and TOTP', async () => {
    token = await signIn(api.url, ADMIN);
    assert.deepEqual((await deadLetters()).entries, []);
  });

  test('the lead is taken although the mail server is down, and the email dies after its attempts', async () => {
    await smtp.break('refuse');
    const response = await fetch(`${api.url}/api/v1/leads`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-correlation-id': correlation },
      body: JSON.stringify(LEAD),
    });
    assert.equal(response.status, 201);
    assert.equal(response.headers.get('x-correlation-id'), correlation);
    const entry = await eventually(async () => (await deadLetters()).entries[0], { what: 'the dead letter' });
    assert.equal(entry.queue_name, 'email_send');
    assert.equal(entry.attempts, 3);
    assert.match(entry.error_message ?? '', /^SMTP/);
  });

  test('the overview and the metrics show it', async () => {
    const { body } = await get('/api/v1/admin/queues');
    const { queues } = body as { queues: { name: string }[] };
    assert.deepEqual(
      queues.find((queue) => queue.name === 'email_send'),
      { name: 'email_send', depth: 0, active: 0, failed_last_hour: 1, dlq_size: 1, dlq_muted_size: 0 },
    );
    assert.equal(await metric(api, 'fmhl_leads_submitted_total'), 1);
    assert.equal(await metric(worker, 'fmhl_jobs_failed_total{queue="email_send"}'), 1);
    assert.equal(await metric(worker, 'fmhl_job_attempts_failed_total{queue="email_send"}'), 2);
    assert.equal(await metric(worker, 'fmhl_jobs_completed_total{queue="email_send"}'), 0);
    assert.equal(await metric(worker, 'fmhl_job_duration_ms_count{queue="email_send"}'), 3);
    for (const role of all) {
      await eventually(async () => (await metric(role, 'fmhl_dlq_size{queue="email_send"}')) === 1);
    }
    const sums = await Promise.all(
      housekeeping.map(async (role) => [
        await metric(role, 'fmhl_leader'),
        await metric(role, 'fmhl_jobs_enqueued_total{queue="email_send"}'),
        await metric(role, 'fmhl_dlq_captured_total{queue="email_send"}'),
      ]),
    );
    assert.deepEqual(
      sums.sort(),
      [
        [0, 0, 0],
        [1, 1, 1],
      ],
      'one housekeeping process did the work',
    );
  });

  test('promtool accepts the metrics of every role, but for the units in names that Epic 12 fixes', async () => {
    const fixed = ['fmhl_billing_operation', 'fmhl_distribution', 'fmhl_inbox_query', 'fmhl_job'];
    const complaints = fixed.map(
      (name) => `${name}_duration_ms metric names should not contain abbreviated units\n`,
    );
    for (const role of all) {
      const { stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
        input: await metrics(role),
        encoding: 'utf8',
      });
      assert.deepEqual([stdout, stderr], ['', complaints.join('')], role.role);
    }
  });

  test('the logs of all roles tell the story under the correlation id that came in, and nothing personal', () => {
    assert.deepEqual(told(api), ['lead_submitted', 'request_completed']);
    const leader = housekeeping.find((role) => told(role).length > 0);
    assert.ok(leader);
    assert.deepEqual(told(leader), ['outbox_delivered', 'dead_letter_captured']);
    assert.deepEqual(
      told(worker).filter((event) => event.startsWith('job_')),
      ['job_attempt_failed', 'job_attempt_failed', 'job_failed'],
    );
    for (const role of all) {
      const text = JSON.stringify(role.lines());
      for (const secret of [
        LEAD.email,
        LEAD.phone,
        LEAD.contact_name,
        ADMIN.password,
        ADMIN.totpSecret,
        token,
      ]) {
        assert.ok(!text.includes(secret), `${role.role} logs ${secret}`);
      }
    }
  });

  test('retried after the server is back, the mail arrives, and its link confirms the lead', async () => {
    const [entry] = (await deadLetters()).entries;
    assert.ok(entry);
    const detail = deadLetterDetail.parse((await get(`/api/v1/admin/queues/dlq/${entry.id}`)).body);
    assert.equal(detail.correlation_id, correlation);
    assert.equal(z.object({ to: z.string() }).parse(detail.payload).to, LEAD.email);
    assert.match(detail.stack_trace ?? '', /Error: SMTP/);

    await smtp.mend();
    const response = await fetch(`${api.url}/api/v1/admin/queues/dlq/${entry.id}/retry`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
    });
    assert.equal(response.status, 200);
    const { ok, job_id: jobId } = (await response.json()) as { ok: boolean; job_id: string };
    assert.equal(ok, true);
    const mail = await eventually(() => smtp.messages()[0], { what: 'the mail arrives' });
    assert.deepEqual(mail.to, [LEAD.email]);
    assert.equal(mail.headers.get('x-correlation-id'), correlation);

    const after = deadLetterDetail.parse((await get(`/api/v1/admin/queues/dlq/${entry.id}`)).body);
    assert.deepEqual([after.resolved, after.resolution, after.retry_job_id], [true, 'retried', jobId]);
    assert.deepEqual((await deadLetters()).entries, []);
    assert.equal((await deadLetters('&resolved=true')).entries.length, 1);
    await eventually(
      async () => (await metric(worker, 'fmhl_jobs_completed_total{queue="email_send"}')) === 1,
    );
    assert.ok(told(worker).includes('email_sent'));

    const link = /https:\/\/leads\.example(\/\S+)/.exec(mail.text)?.[1];
    assert.ok(link, mail.text);
    const confirmed = await get(link);
    assert.equal(confirmed.status, 200);
    assert.equal((confirmed.body as { status: string }).status, 'pending_approval');
  });

  test('the API answers on while Redis is down, says so in its readiness, and recovers', async () => {
    await redis.kill9();
    await eventually(async () => (await fetch(`${api.url}/health/ready`)).status === 503, {
      what: 'not ready',
    });
    assert.equal((await fetch(`${api.url}/health/live`)).status, 200);
    const response = await fetch(`${api.url}/api/v1/leads`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...LEAD, email: 'bob.example@example.com' }),
    });
    assert.equal(response.status, 201, 'a lead needs the database alone');
    await redis.restart();
    await eventually(async () => (await fetch(`${api.url}/health/ready`)).status === 200, {
      what: 'ready again',
      timeoutMs: 30_000,
    });
    await eventually(() => smtp.messages().some((mail) => mail.to.includes('bob.example@example.com')), {
      what: 'the mail of the lead taken meanwhile',
      timeoutMs: 60_000,
    });
  });

  test('SIGTERM ends every role in order, with exit code 0', async () => {
    const codes = await Promise.all(all.map((role) => role.stop()));
    assert.deepEqual(codes, [0, 0, 0, 0]);
    for (const role of all) assert.equal(role.lines().at(-1)?.event, 'process_stopped', role.role);
  });
});
