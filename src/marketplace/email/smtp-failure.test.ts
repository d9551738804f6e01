import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { smtpFailure } from './smtp-failure.ts';

const RECIPIENT = 'bob.smith@example.com';
const messageFor = (fields: Record<string, unknown>, message = 'nodemailer says'): string =>
  smtpFailure(Object.assign(new Error(message), fields), RECIPIENT).message;
const replied = (responseCode: number, response: string): string =>
  messageFor({ code: 'EENVELOPE', responseCode, response });

describe('what an email attempt failed with', () => {
  test('a connection that failed is told in words', () => {
    assert.equal(messageFor({ code: 'ETIMEDOUT' }), 'SMTP timeout');
    assert.equal(messageFor({ code: 'ESOCKET', originalCode: 'ECONNREFUSED' }), 'SMTP connection refused');
    assert.equal(messageFor({ code: 'ESOCKET', originalCode: 'ECONNRESET' }), 'SMTP connection reset');
    assert.equal(messageFor({ code: 'EDNS', originalCode: 'ENOTFOUND' }), 'SMTP host not found');
    assert.equal(messageFor({ code: 'ECONNECTION' }), 'SMTP connection closed');
  });

  test("a server's refusal keeps its code and its words", () => {
    assert.equal(replied(550, '550 mailbox unavailable'), 'SMTP 550: mailbox unavailable');
    assert.equal(
      replied(550, '550-5.1.1 No such\r\n550 5.1.1 mailbox here'),
      'SMTP 550: No such mailbox here',
    );
    assert.equal(replied(452, '452'), 'SMTP 452');
  });

  test('no address is left in it, however the server writes it', () => {
    for (const words of [
      '<bob.smith@example.com>: Recipient address rejected',
      'Bob.Smith@EXAMPLE.com rejected',
      'user bob.smith unknown',
      "no mailbox 'BOB.SMITH' on this host",
      'alias of someone.else@other.example rejected',
    ]) {
      const message = replied(550, `550 5.1.1 ${words}`);
      assert.doesNotMatch(message, /smith|someone|other\.example/i, message);
    }
  });

  test('a reply is bounded, on one line, and one of an odd recipient does no harm', () => {
    assert.equal(replied(550, `550 ${'x'.repeat(5_000)}`).length, 'SMTP 550: '.length + 200);
    assert.doesNotMatch(replied(550, '550 a\tb\u0007c'), /\p{Cc}/u);
    const error = Object.assign(new Error('x'), { responseCode: 550, response: '550 no a+b here' });
    assert.equal(smtpFailure(error, 'a+b@example.com').message, 'SMTP 550: no [redacted] here');
  });

  test('anything else is told as it is, without addresses', () => {
    assert.equal(messageFor({}, `cannot do ${RECIPIENT}`), 'SMTP cannot do [redacted]');
    assert.equal(smtpFailure('odd', RECIPIENT).message, 'SMTP odd');
  });
});
