import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { InvalidPayloadError, parsePayload } from '../../ops/queues/job.ts';
import { emailSend } from './queue.ts';

const confirmation = {
  to: 'user@example.com',
  template: 'lead_confirmation',
  data: { niche: 'VPS hosting', confirm_url: 'https://example.com/?token=t', expires_in_hours: 24 },
};

const fieldsRefused = (payload: unknown): string[] => {
  try {
    parsePayload(emailSend, payload);
  } catch (error) {
    assert.ok(error instanceof InvalidPayloadError);
    return error.problems.map(({ field }) => field);
  }
  return [];
};

describe('the payload of email_send', () => {
  test("Epic 12's example is one", () => {
    assert.deepEqual(parsePayload(emailSend, { to: 'user@example.com', template: 'welcome' }), {
      to: 'user@example.com',
      template: 'welcome',
      data: {},
    });
  });

  test('the queue is as the spec has it: 3 attempts, backoff 1, 5, 25 s, timeout 30 s, concurrency 10', () => {
    const { name, attempts, backoffMs, timeoutMs, concurrency } = emailSend;
    assert.deepEqual(
      { name, attempts, backoffMs, timeoutMs, concurrency },
      {
        name: 'email_send',
        attempts: 3,
        backoffMs: [1_000, 5_000, 25_000],
        timeoutMs: 30_000,
        concurrency: 10,
      },
    );
  });

  test('what can not be sent is refused, by field', () => {
    assert.deepEqual(fieldsRefused(confirmation), []);
    assert.deepEqual(fieldsRefused({ ...confirmation, to: 'nobody' }), ['to']);
    assert.deepEqual(fieldsRefused({ ...confirmation, to: 'a@example.com, b@example.com' }), ['to']);
    assert.deepEqual(fieldsRefused({ ...confirmation, to: 'a@example.com\r\nBcc: b@example.com' }), ['to']);
    assert.deepEqual(fieldsRefused({ ...confirmation, template: 'spam' }), ['template']);
    assert.deepEqual(fieldsRefused({ ...confirmation, data: undefined }), ['data']);
    assert.deepEqual(fieldsRefused({ ...confirmation, lead_id: '1' }), ['lead_id']);
    const script = { ...confirmation.data, confirm_url: 'javascript:alert(1)' };
    assert.deepEqual(fieldsRefused({ ...confirmation, data: script }), ['data.confirm_url']);
  });
});
