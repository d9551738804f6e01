import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fingerprintOf, type Death } from './fingerprint.ts';

const STACK = `SmtpError: no answer
    at send (/srv/app/src/marketplace/email/smtp.ts:41:11)
    at async Object.run (file:///srv/app/src/ops/queues/attempt.ts:77:20)
    at Worker.callProcessJob (/srv/app/node_modules/bullmq/dist/worker.js:1:2)
    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)
    at async /srv/app/src/ops/queues/worker.ts:9:9
    at deeper (/srv/app/src/deeper.ts:1:1)`;

const death = (given: Partial<Death> = {}): Death => ({
  queueName: 'email_send',
  jobName: 'send_email',
  errorMessage: 'SMTP timeout',
  stackTrace: STACK,
  ...given,
});
const groupOf = (given: Partial<Death>): string => fingerprintOf(death(given)).groupId;
const masked = (errorMessage: string): string => fingerprintOf(death({ errorMessage })).message;

describe('the message of a group has its variable parts masked:', () => {
  for (const [what, message, expected] of [
    ['numbers', 'Took 1,204.5 ms of 30000', 'Took <n> ms of <n>'],
    ['a number within a word', 'job-4711 on mx12', 'job-<n> on mx<n>'],
    ['a UUID', 'No lead 0f8fad5b-d9cd-469f-a165-70867728950e', 'No lead <id>'],
    ['a hash', 'Object 9fceb02d0ae598e95dc970b74767f19372d61af8 is gone', 'Object <id> is gone'],
    ['a token', 'Key sk4f9a8b7c1d is refused', 'Key <id> is refused'],
    ['an email address', 'No mailbox ann.o+x@mail.example.com here', 'No mailbox <email> here'],
    ['an IPv4 address and port', 'connect ECONNREFUSED 10.0.0.12:5432', 'connect ECONNREFUSED <address>'],
    ['an IPv6 address', 'connect to fe80::1ff:fe23:4567:890a failed', 'connect to <address> failed'],
    ['a host', 'getaddrinfo ENOTFOUND mx1.mail.example.com', 'getaddrinfo ENOTFOUND <host>'],
    ['a host of two names', 'getaddrinfo ENOTFOUND example.com', 'getaddrinfo ENOTFOUND <host>'],
    ['a host and port', 'connect redis.prod:6379 failed', 'connect <host> failed'],
    ['a URL', 'GET https://api.example.com/v1/x?id=7 said no', 'GET <url> said no'],
    [
      'quoted values',
      `Unknown template "wel'come" and 'bye' and \`x\``,
      'Unknown template <value> and <value> and <value>',
    ],
    ['a point in time', 'Expired at 2026-01-02T14:30:00.123Z', 'Expired at <time>'],
    ['line breaks', 'one\n  two', 'one two'],
  ] as const) {
    test(what, () => {
      assert.equal(masked(message), expected);
    });
  }

  test('and what tells causes apart stays', () => {
    for (const message of [
      "can't read it, don't know why",
      'connect ECONNREFUSED',
      'data.email must be set',
      'send.ts failed',
      'Template missing',
    ]) {
      assert.equal(masked(message), message);
    }
  });

  test('however long it is', () => {
    assert.ok(masked('x '.repeat(1_000_000)).length <= 500);
    for (const hostile of ['a.', "'", ':', 'a', '1:', 'a@', '-', 'a1'])
      assert.ok(masked(hostile.repeat(100_000)).length <= 500, 'no pattern hangs');
  });
});

describe('a group', () => {
  test('is the same for the same cause, whatever the ids and wherever it ran', () => {
    const elsewhere = STACK.replaceAll('/srv/app/src', '/home/me/fmhl/dist/src')
      .replaceAll(/:\d+:\d+/g, ':7:7')
      .replaceAll('.ts', '.js');
    assert.equal(
      groupOf({ errorMessage: 'No lead 12 for a@example.com' }),
      groupOf({ errorMessage: 'No lead 99 for b@example.org', stackTrace: elsewhere }),
    );
  });

  test('is another for another queue, job name, class, message or place in our code', () => {
    const groups = [
      {},
      { queueName: 'report_export' },
      { jobName: 'other' },
      { errorMessage: 'Mailbox full' },
      { stackTrace: STACK.replace('SmtpError', 'TypeError') },
      { stackTrace: STACK.replace('at send', 'at connect') },
      { stackTrace: null },
      { errorMessage: null },
    ].map(groupOf);
    assert.equal(new Set(groups).size, groups.length);
  });

  test('does not wait for a line that is no frame, however long', () => {
    const hostile = `Error\n    at ${' ('.repeat(9_900)}\n    at send (/srv/app/src/send.ts:1:1)`.slice(
      0,
      20_000,
    );
    const started = performance.now();
    fingerprintOf(death({ stackTrace: hostile }));
    assert.ok(performance.now() - started < 50, `${performance.now() - started} ms`);
    const long = `Error\n    at ${'x'.repeat(1_001)} (/srv/app/src/a.ts:1:1)\n    at send (/srv/app/src/send.ts:1:1)`;
    assert.deepEqual(fingerprintOf(death({ stackTrace: long })).frames, ['send (src/send)']);
  });

  test('knows the class of the error and the top frames of our own code', () => {
    const { errorClass, frames } = fingerprintOf(death());
    assert.equal(errorClass, 'SmtpError');
    assert.deepEqual(frames, [
      'send (src/marketplace/email/smtp)',
      'Object.run (src/ops/queues/attempt)',
      'src/ops/queues/worker',
    ]);
    assert.equal(fingerprintOf(death({ stackTrace: 'just text: of somebody' })).errorClass, null);
    assert.equal(fingerprintOf(death({ stackTrace: 'Error [ECODE]: of Node' })).errorClass, 'Error');
  });
});
