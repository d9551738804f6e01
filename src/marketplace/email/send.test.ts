import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { correlationId, leadId } from '../../../contract/ids.ts';
import { fakeClock } from '../../../test/helpers/access-server.ts';
import { eventually } from '../../../test/helpers/eventually.ts';
import { captureLog, type CapturedLog } from '../../../test/helpers/log.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/postgres.ts';
import { testRedisUrl, uniquePrefix } from '../../../test/helpers/redis.ts';
import { startSmtp, type TestSmtp } from '../../../test/helpers/smtp.ts';
import { createMetrics } from '../../ops/metrics/registry.ts';
import { createProducer } from '../../ops/queues/producer.ts';
import { DEFAULT_WORKER_SETTINGS, startWorker, type JobContext } from '../../ops/queues/worker.ts';
import { createRedisEngine } from '../../platform/engine/redis.ts';
import { StartError } from '../../platform/lifecycle/errors.ts';
import type { MailTransport } from './mail.ts';
import type { EmailPayload } from './payload.ts';
import { emailSend } from './queue.ts';
import { createEmailProcessor } from './send.ts';
import { createMailTransport } from './transport.ts';

const RECIPIENT = 'ada.lovelace@example.com';
const TOKEN = 'dG9rZW4-dG9rZW4-dG9rZW4-dG9rZW4-dG9rZW4-dG9';
const from = 'Find Me a Hot Lead <no-reply@leads.example>';
const LEAD = leadId.parse('0b6ff3a4-3a51-4f8c-9f7e-55d9b5b7a001');
const confirmation = {
  to: RECIPIENT,
  lead_id: LEAD,
  template: 'lead_confirmation' as const,
  data: {
    niche: 'VPS hosting',
    confirm_url: `https://leads.example.com/api/v1/leads/confirm?token=${TOKEN}`,
    expires_in_hours: 24,
  },
} satisfies EmailPayload;

describe('sending an email', () => {
  let database: TestDatabase;
  let smtp: TestSmtp;
  let transport: MailTransport;
  let log: CapturedLog;
  const clock = fakeClock();

  before(async () => {
    database = await createTestDatabase();
  });
  after(() => database.drop());
  beforeEach(async () => {
    await database.pool.query('TRUNCATE email_events');
    log = captureLog();
    smtp = await startSmtp();
    transport = createMailTransport({ smtpUrl: smtp.url, directory: '/nowhere', timeoutMs: 2_000 });
  });
  afterEach(async () => {
    await transport.close();
    await smtp.stop();
  });

  const job = (change: Partial<JobContext<EmailPayload>> = {}): JobContext<EmailPayload> => ({
    id: 'job-1',
    name: 'send_email',
    payload: confirmation,
    attempt: 1,
    attemptsLeft: 2,
    correlationId: correlationId.parse('6f0f5b0e-3a2c-4d6f-9a8b-0c1d2e3f4a5b'),
    retryOf: null,
    signal: new AbortController().signal,
    logger: log.logger,
    ...change,
  });
  const send = (context: JobContext<EmailPayload>): Promise<unknown> =>
    createEmailProcessor({ transport, db: database.db, clock, from })(context);
  const events = async (): Promise<object[]> => {
    const { rows } = await database.pool.query<object>(
      `SELECT lead_id, job_id, template, recipient, status, message_id, error, attempt, correlation_id, created_at
         FROM email_events ORDER BY attempt, status`,
    );
    return rows;
  };
  const event = (change: object): object => ({
    lead_id: LEAD,
    job_id: 'job-1',
    template: 'lead_confirmation',
    recipient: RECIPIENT,
    status: 'sent',
    message_id: '<job-1.email-send@leads.example>',
    error: null,
    attempt: 1,
    correlation_id: '6f0f5b0e-3a2c-4d6f-9a8b-0c1d2e3f4a5b',
    created_at: new Date(clock.now()),
    ...change,
  });

  test('the mail goes out with its link, Message-ID and correlation id, and is recorded as sent', async () => {
    await send(job());
    const [mail, ...more] = smtp.messages();
    assert.deepEqual(more, []);
    assert.ok(mail !== undefined);
    assert.deepEqual(mail.to, [RECIPIENT]);
    assert.equal(mail.headers.get('subject'), 'Please confirm your request for quotes: VPS hosting');
    assert.equal(mail.headers.get('message-id'), '<job-1.email-send@leads.example>');
    assert.equal(mail.headers.get('x-correlation-id'), '6f0f5b0e-3a2c-4d6f-9a8b-0c1d2e3f4a5b');
    assert.ok(mail.text.includes(confirmation.data.confirm_url));
    assert.deepEqual(await events(), [event({})]);
  });

  test('a job that no request caused has no correlation id to give', async () => {
    await send(job({ correlationId: null, payload: { to: RECIPIENT, template: 'welcome', data: {} } }));
    assert.equal(smtp.messages()[0]?.headers.has('x-correlation-id'), false);
    assert.deepEqual(await events(), [event({ correlation_id: null, lead_id: null, template: 'welcome' })]);
  });

  test('hostile values arrive as text: no header, no recipient, no markup of their own', async () => {
    const name = 'Eve\r\nBcc: victim@example.com\r\n\r\n<script>alert(1)</script>';
    await send(job({ payload: { to: RECIPIENT, template: 'welcome', data: { name } } }));
    const mail = smtp.messages()[0];
    assert.ok(mail !== undefined);
    assert.deepEqual(mail.to, [RECIPIENT]);
    assert.equal(mail.headers.has('bcc'), false);
    assert.doesNotMatch(mail.html, /<script/);
    assert.match(mail.html, /&lt;script&gt;alert\(1\)&lt;\/script&gt;/);
  });

  test('a failed attempt is recorded with its reason and fails with it; the next one sends', async () => {
    await smtp.break('reject');
    await assert.rejects(send(job()), { message: 'SMTP 550: mailbox unavailable' });
    await smtp.break('refuse');
    await assert.rejects(send(job({ attempt: 2 })), { message: 'SMTP connection refused' });
    await smtp.mend();
    await send(job({ attempt: 3 }));
    assert.deepEqual(await events(), [
      event({ status: 'failed', error: 'SMTP 550: mailbox unavailable' }),
      event({ status: 'failed', error: 'SMTP connection refused', attempt: 2 }),
      event({ attempt: 3 }),
    ]);
  });

  test('an attempt that finds its mail sent does not send it again', async () => {
    await send(job());
    await send(job({ attempt: 2 }));
    assert.equal(smtp.messages().length, 1);
    assert.equal((await events()).length, 1);
    assert.equal(log.find('email_already_sent').length, 1);
  });

  test('another mail under a job id that was used before is sent', async () => {
    await send(job({ id: '1' }));
    await send(job({ id: '1', payload: { ...confirmation, to: 'other@example.com' } }));
    await send(job({ id: '1', payload: { to: RECIPIENT, template: 'welcome', data: {} } }));
    assert.equal(smtp.messages().length, 3);
    assert.equal((await events()).length, 3);
  });

  test('an attempt that times out ends with that reason, closes its connection and is recorded', async () => {
    await smtp.break('stall');
    const attempt = new AbortController();
    const sending = send(job({ signal: attempt.signal }));
    await eventually(() => smtp.recipients() === 1);
    attempt.abort(new Error('The attempt was aborted after 30000 ms'));
    await assert.rejects(sending, { message: 'The attempt was aborted after 30000 ms' });
    await eventually(() => smtp.connections() === 0);
    assert.deepEqual(await events(), [
      event({ status: 'failed', error: 'The attempt was aborted after 30000 ms' }),
    ]);
  });

  test('a mail that is out is not sent again because it could not be recorded', async () => {
    await database.pool.query(
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
       CREATE TRIGGER refuse BEFORE INSERT ON email_events FOR EACH ROW EXECUTE FUNCTION refuse()`,
    );
    try {
      await send(job());
      await smtp.break('reject');
      await assert.rejects(send(job({ id: 'job-2' })), { message: 'SMTP 550: mailbox unavailable' });
    } finally {
      await database.pool.query('DROP TRIGGER refuse ON email_events; DROP FUNCTION refuse()');
    }
    assert.equal(smtp.messages().length, 1);
    assert.deepEqual(
      log.find('email_not_recorded').map(({ metadata }) => metadata),
      [
        { job_id: 'job-1', sent: true },
        { job_id: 'job-2', sent: false },
      ],
    );
  });

  test('nothing is sent while it is not known whether it was', async () => {
    const closed = await createTestDatabase();
    await closed.drop();
    const processor = createEmailProcessor({ transport, db: closed.db, clock, from });
    await assert.rejects(processor(job()));
    assert.equal(smtp.messages().length, 0);
  });

  test('a job id that fits no header is hashed into the Message-ID', async () => {
    await send(job({ id: 'a b>\r\n<c@d' }));
    assert.match(
      smtp.messages()[0]?.headers.get('message-id') ?? '',
      /^<[0-9a-f]{64}\.email-send@leads\.example>$/,
    );
  });

  test('a sender without an address is refused at start', () => {
    assert.throws(
      () => createEmailProcessor({ transport, db: database.db, clock, from: 'FMHL' }),
      StartError,
    );
  });

  test('on a real queue: two attempts fail, the third sends, and no line has the address or the token', async () => {
    const { logger } = log;
    const metrics = createMetrics({ role: 'worker', version: '0.0.0', queues: ['email_send'], logger });
    const engine = await createRedisEngine({
      url: await testRedisUrl(),
      prefix: uniquePrefix(),
      onError: () => undefined,
    });
    const definition = { ...emailSend, backoffMs: [1, 1, 1] };
    await smtp.break('reject');
    const worker = startWorker(
      definition,
      async (context) => {
        if (context.attempt === 3) await smtp.mend();
        await createEmailProcessor({ transport, db: database.db, clock, from })(context);
      },
      { engine, metrics, logger, workerName: 'test', settings: DEFAULT_WORKER_SETTINGS },
    );
    const correlation = correlationId.parse(randomUUID());
    const id = await createProducer({ engine, metrics, logger }).enqueue(definition, confirmation, {
      correlationId: correlation,
    });
    await eventually(() => log.find('job_completed').length === 1);
    await worker.stop(5_000);
    await engine.close();

    const failed = {
      job_id: id,
      correlation_id: correlation,
      status: 'failed',
      error: 'SMTP 550: mailbox unavailable',
    };
    const message_id = `<${id}.email-send@leads.example>`;
    assert.deepEqual(await events(), [
      event({ ...failed, message_id, attempt: 1 }),
      event({ ...failed, message_id, attempt: 2 }),
      event({ job_id: id, correlation_id: correlation, message_id, attempt: 3 }),
    ]);
    assert.equal(smtp.messages()[0]?.headers.get('x-correlation-id'), correlation);
    assert.deepEqual(
      log.find('email_sent').map((line) => [line.correlation_id, line.metadata.attempt]),
      [[correlation, 3]],
    );
    assert.equal(log.find('job_attempt_failed').length, 2);
    assert.doesNotMatch(log.text(), /lovelace|ada\.|example\.com/i);
    assert.ok(!log.text().includes(TOKEN));
  });
});
