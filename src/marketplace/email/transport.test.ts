import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { eventually } from '../../../test/helpers/eventually.ts';
import { parse, startSmtp, type TestSmtp } from '../../../test/helpers/smtp.ts';
import { withDeadline } from '../../platform/lifecycle/deadline.ts';
import { StartError } from '../../platform/lifecycle/errors.ts';
import type { Mail, MailTransport } from './mail.ts';
import { createMailTransport } from './transport.ts';

const mail = (change: Partial<Mail> = {}): Mail => ({
  from: 'FMHL <no-reply@leads.example>',
  to: 'user@example.com',
  subject: 'Grüße',
  text: 'Text – with a link\nhttps://example.com/?token=1&x=2\n',
  html: '<p>HTML</p>',
  messageId: '<job-1.email-send@leads.example>',
  date: new Date('2026-01-02T14:30:00.123Z'),
  headers: { 'X-Correlation-Id': '6f0f5b0e-3a2c-4d6f-9a8b-0c1d2e3f4a5b' },
  template: 'welcome',
  jobId: 'job-1',
  ...change,
});
const never = new AbortController().signal;

describe('sending through an SMTP server', () => {
  let smtp: TestSmtp;
  let transport: MailTransport;
  const open = (timeoutMs?: number): MailTransport =>
    createMailTransport({ smtpUrl: smtp.url, directory: '/nowhere', timeoutMs });

  beforeEach(async () => {
    smtp = await startSmtp();
    transport = open();
  });
  afterEach(async () => {
    await transport.close();
    await smtp.stop();
  });

  test('the mail arrives with its text, HTML, Message-ID and correlation id', async () => {
    await transport.send(mail(), never);
    const [received, ...more] = smtp.messages();
    assert.deepEqual(more, []);
    assert.ok(received !== undefined);
    assert.equal(received.from, 'no-reply@leads.example');
    assert.deepEqual(received.to, ['user@example.com']);
    assert.equal(received.text.replaceAll('\r\n', '\n').trim(), mail().text.trim());
    assert.equal(received.html.trim(), '<p>HTML</p>');
    assert.equal(received.headers.get('message-id'), '<job-1.email-send@leads.example>');
    assert.equal(received.headers.get('x-correlation-id'), '6f0f5b0e-3a2c-4d6f-9a8b-0c1d2e3f4a5b');
    assert.equal(received.headers.get('auto-submitted'), 'auto-generated');
    assert.equal(received.headers.get('date'), 'Fri, 02 Jan 2026 14:30:00 +0000');
  });

  test('a subject with a line break makes no header', async () => {
    await transport.send(mail({ subject: 'Hi\r\nBcc: other@example.com\r\n\r\nBody' }), never);
    const received = smtp.messages()[0];
    assert.ok(received !== undefined);
    assert.equal(received.headers.has('bcc'), false);
    assert.deepEqual(received.to, ['user@example.com']);
  });

  test('a rejected recipient fails the attempt, without the address', async () => {
    await smtp.break('reject');
    await assert.rejects(transport.send(mail(), never), { message: 'SMTP 550: mailbox unavailable' });
    await smtp.mend();
    await transport.send(mail(), never);
    assert.equal(smtp.messages().length, 1);
  });

  test('a server that is not there fails the attempt, and the next finds it when it is back', async () => {
    await transport.send(mail(), never);
    await smtp.break('refuse');
    await assert.rejects(transport.send(mail(), never), { message: 'SMTP connection refused' });
    await smtp.mend();
    await transport.send(mail(), never);
    assert.equal(smtp.messages().length, 2);
  });

  test('a server that hangs up fails the attempt', async () => {
    await smtp.break('drop');
    await assert.rejects(transport.send(mail(), never), /^Error: SMTP connection (closed|reset)$/);
  });

  test('a server that stalls is given up after the timeout', async () => {
    await smtp.break('stall');
    const impatient = open(100);
    await assert.rejects(impatient.send(mail(), never), { message: 'SMTP timeout' });
    await impatient.close();
  });

  test('a server that never greets is given up after the timeout', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    const { port } = silent.address() as AddressInfo;
    const smtpUrl = `smtp://127.0.0.1:${port}`;
    const impatient = createMailTransport({ smtpUrl, directory: '/nowhere', timeoutMs: 100 });
    await assert.rejects(impatient.send(mail(), never), { message: 'SMTP timeout' });
    await impatient.close();
    silent.close();
  });

  test('an aborted attempt ends at once, with the reason, and closes its connection', async () => {
    await smtp.break('stall');
    const attempt = new AbortController();
    const sending = transport.send(mail(), attempt.signal);
    await eventually(() => smtp.recipients() === 1);
    attempt.abort(new Error('aborted after 30000 ms'));
    // Well before the transport's own timeout of 10 s.
    await assert.rejects(withDeadline('the abort', 5_000, sending), { message: 'aborted after 30000 ms' });
    await eventually(() => smtp.connections() === 0);
  });

  test('one mail that stalls does not hold up the others', async () => {
    await smtp.break('stall');
    const attempt = new AbortController();
    const stalled = transport.send(mail({ jobId: 'a' }), attempt.signal);
    await eventually(() => smtp.recipients() === 1);
    await smtp.mend();
    await transport.send(mail({ jobId: 'b' }), never);
    assert.equal(smtp.messages().length, 1);
    attempt.abort(new Error('enough'));
    await assert.rejects(stalled);
  });

  test('a URL of anything but an SMTP server is refused at start, without repeating it', () => {
    for (const smtpUrl of ['http://user:secret@example.com', 'mail.example.com:25']) {
      assert.throws(
        () => createMailTransport({ smtpUrl, directory: '/nowhere' }),
        (error) => error instanceof StartError && !error.message.includes('example.com'),
      );
    }
  });
});

describe('writing mails into a folder', () => {
  let parent: string;
  let directory: string;
  before(async () => {
    parent = await mkdtemp(join(tmpdir(), 'fmhl-mail-'));
    directory = join(parent, 'data', 'mail');
  });
  after(() => rm(parent, { recursive: true, force: true }));
  afterEach(() => rm(directory, { recursive: true, force: true }));
  const open = (): MailTransport => createMailTransport({ smtpUrl: null, directory });

  test('each mail is one file named after its time, template and job, and nothing else is left', async () => {
    await open().send(mail(), never);
    await open().send(mail({ jobId: 'job-2', template: 'lead_confirmation' }), never);
    assert.deepEqual((await readdir(directory)).sort(), [
      '2026-01-02T14-30-00-123Z-lead_confirmation-job-2.eml',
      '2026-01-02T14-30-00-123Z-welcome-job-1.eml',
    ]);
  });

  test('the file is the mail as a server would have got it, for its owner alone', async () => {
    await open().send(mail(), never);
    const file = join(directory, '2026-01-02T14-30-00-123Z-welcome-job-1.eml');
    const { headers, text, html } = parse(await readFile(file, 'utf8'));
    assert.equal(headers.get('to'), 'user@example.com');
    assert.equal(headers.get('message-id'), '<job-1.email-send@leads.example>');
    assert.match(text, /https:\/\/example\.com\/\?token=1&x=2/);
    assert.match(html, /<p>HTML<\/p>/);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.equal((await stat(directory)).mode & 0o777, 0o700);
  });

  test('a job id that is a path stays in the folder', async () => {
    await open().send(mail({ jobId: '../../evil/..' }), never);
    assert.deepEqual(await readdir(directory), ['2026-01-02T14-30-00-123Z-welcome-______evil___.eml']);
  });

  test('a folder that can not be written fails the attempt, shortly', async () => {
    await writeFile(join(parent, 'file'), '');
    const blocked = createMailTransport({ smtpUrl: null, directory: join(parent, 'file') });
    await assert.rejects(blocked.send(mail(), never), {
      message: "The mail folder can't be written: EEXIST",
    });
  });

  test('an aborted attempt writes nothing', async () => {
    const aborted = AbortSignal.abort(new Error('too late'));
    await assert.rejects(open().send(mail(), aborted), { message: 'too late' });
    await assert.rejects(readdir(directory), { code: 'ENOENT' });
  });
});
