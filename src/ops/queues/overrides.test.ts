import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { z } from 'zod';
import { StartError } from '../../platform/lifecycle/errors.ts';
import { defineQueue, type AnyQueueDefinition } from './definition.ts';
import { overrideDefinitions } from './overrides.ts';

const common = { jobName: 'run', payload: z.unknown(), timeoutMs: 10_000, concurrency: 5 };
const email = defineQueue({ ...common, name: 'email', attempts: 1, backoffMs: [] });
const emailSend = defineQueue({ ...common, name: 'email_send', attempts: 3, backoffMs: [1, 2, 3] });
const DEFINITIONS = [email, emailSend];

function overridden(environment: Record<string, string | undefined>): AnyQueueDefinition {
  const found = overrideDefinitions(DEFINITIONS, environment).find(({ name }) => name === 'email_send');
  assert.ok(found);
  return found;
}

describe('queue config parsing (Epic 12)', () => {
  const good: [variable: string, value: string, field: keyof AnyQueueDefinition, expected: unknown][] = [
    ['CONCURRENCY', '20', 'concurrency', 20],
    ['CONCURRENCY', ' 20 ', 'concurrency', 20],
    ['TIMEOUT_MS', '500', 'timeoutMs', 500],
    ['ATTEMPTS', '2', 'attempts', 2],
    ['BACKOFF_MS', '60000,300000,900000', 'backoffMs', [60_000, 300_000, 900_000]],
    ['BACKOFF_MS', '1, 2, 3', 'backoffMs', [1, 2, 3]],
    ['JITTER', '0.2', 'jitter', 0.2],
    ['RATE_LIMIT', '100/1000', 'rateLimit', { max: 100, perMs: 1_000 }],
    ['RATE_LIMIT', 'none', 'rateLimit', null],
    ['COMPLETED_FOR_MS', '120000', 'retention', { completedForMs: 120_000, failed: 'keep' }],
  ];
  for (const [setting, value, field, expected] of good) {
    test(`${setting}=${value} is taken`, () => {
      const definition = overridden({ [`FMHL_QUEUE_EMAIL_SEND_${setting}`]: value });
      assert.deepEqual(definition[field], expected);
      assert.deepEqual({ ...definition, [field]: emailSend[field] }, emailSend, 'and nothing else changed');
    });
  }

  test('several settings of one queue go together', () => {
    const definition = overridden({
      FMHL_QUEUE_EMAIL_SEND_ATTEMPTS: '5',
      FMHL_QUEUE_EMAIL_SEND_BACKOFF_MS: '1,2,3,4,5',
    });
    assert.equal(definition.attempts, 5);
  });

  test('a queue whose name begins with the name of another is told apart', () => {
    const definitions = overrideDefinitions(DEFINITIONS, {
      FMHL_QUEUE_EMAIL_CONCURRENCY: '7',
      FMHL_QUEUE_EMAIL_SEND_CONCURRENCY: '9',
    });
    assert.deepEqual(
      definitions.map(({ concurrency }) => concurrency),
      [7, 9],
    );
  });

  test('variables of others, and unset ones, are left alone', () => {
    const definitions = overrideDefinitions(DEFINITIONS, {
      PATH: '/bin',
      FMHL_QUEUES: 'x',
      FMHL_QUEUE_EMAIL_SEND_CONCURRENCY: undefined,
    });
    assert.deepEqual(definitions, DEFINITIONS);
  });

  const bad: [variable: string, value: string, message: RegExp][] = [
    [
      'FMHL_QUEUE_EMAIL_SEND_CONCURRENCY',
      'many',
      /^FMHL_QUEUE_EMAIL_SEND_CONCURRENCY must be a whole number/,
    ],
    ['FMHL_QUEUE_EMAIL_SEND_CONCURRENCY', '', /must be a whole number/],
    ['FMHL_QUEUE_EMAIL_SEND_CONCURRENCY', '1.5', /must be a whole number/],
    ['FMHL_QUEUE_EMAIL_SEND_CONCURRENCY', '-1', /must be a whole number/],
    ['FMHL_QUEUE_EMAIL_SEND_CONCURRENCY', '1e3', /must be a whole number/],
    ['FMHL_QUEUE_EMAIL_SEND_CONCURRENCY', '0x10', /must be a whole number/],
    ['FMHL_QUEUE_EMAIL_SEND_CONCURRENCY', '9'.repeat(30), /must be a whole number/],
    ['FMHL_QUEUE_EMAIL_SEND_CONCURRENCY', '0', /^Queue email_send: concurrency must be at least 1$/],
    ['FMHL_QUEUE_EMAIL_SEND_ATTEMPTS', '0', /^Queue email_send: attempts must be at least 1$/],
    [
      'FMHL_QUEUE_EMAIL_SEND_ATTEMPTS',
      '4',
      /^Queue email_send: backoffMs must have a delay for each attempt$/,
    ],
    ['FMHL_QUEUE_EMAIL_SEND_BACKOFF_MS', '1,2', /^Queue email_send: backoffMs must have a delay/],
    ['FMHL_QUEUE_EMAIL_SEND_BACKOFF_MS', '1,,3', /BACKOFF_MS must be a whole number/],
    ['FMHL_QUEUE_EMAIL_SEND_JITTER', 'some', /JITTER must be a number/],
    ['FMHL_QUEUE_EMAIL_SEND_JITTER', '2', /^Queue email_send: jitter must be from 0 to 1$/],
    ['FMHL_QUEUE_EMAIL_SEND_RATE_LIMIT', '100', /RATE_LIMIT must be <jobs>\/<milliseconds> or none/],
    ['FMHL_QUEUE_EMAIL_SEND_RATE_LIMIT', '100/1/2', /RATE_LIMIT must be <jobs>\/<milliseconds> or none/],
    ['FMHL_QUEUE_EMAIL_SEND_RATE_LIMIT', '0/1000', /^Queue email_send: rateLimit\.max must be at least 1$/],
    ['FMHL_QUEUE_EMAIL_SEND_TIMEOUT_MS', '0', /^Queue email_send: timeoutMs must be at least 1$/],
    ['FMHL_QUEUE_EMAIL_SEND_COMPLETED_FOR_MS', '10', /^Queue email_send: retention\.completedForMs must be/],
    [
      'FMHL_QUEUE_EMIAL_SEND_CONCURRENCY',
      '5',
      /^FMHL_QUEUE_EMIAL_SEND_CONCURRENCY names no queue setting.*EMAIL_SEND/,
    ],
    ['FMHL_QUEUE_EMAIL_SEND_CONCURENCY', '5', /names no queue setting.*CONCURRENCY/],
    ['FMHL_QUEUE_EMAIL_SEND_', '5', /names no queue setting/],
    ['FMHL_QUEUE_EMAIL_SEND', '5', /names no queue setting/],
    ['FMHL_QUEUE_EMAIL_SEND_constructor', '5', /names no queue setting/],
  ];
  for (const [variable, value, message] of bad) {
    test(`${variable}=${value.slice(0, 10)} is refused by name`, () => {
      assert.throws(
        () => overridden({ [variable]: value }),
        (error) => error instanceof StartError && message.test(error.message),
      );
    });
  }
});
