import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { z } from 'zod';
import { correlationId, deadLetterId } from '../../../contract/ids.ts';
import { defineQueue } from './definition.ts';
import { buildJob, InvalidPayloadError, metaOf, parsePayload } from './job.ts';

const ID = correlationId.parse('8a5d0a3e-1111-4222-8333-444455556666');
const queue = defineQueue({
  name: 'email_send',
  jobName: 'send_email',
  payload: z.strictObject({
    to: z.email(),
    copies: z.number().max(3).default(1),
    answers: z.record(z.string(), z.object({ text: z.string() })).optional(),
  }),
  attempts: 3,
  backoffMs: [1_000, 2_000, 3_000],
  timeoutMs: 10_000,
  concurrency: 1,
  retention: { completedForMs: 190_500, failed: 'keep' },
});

describe('a job that is built', () => {
  test('keeps the payload as the producer gave it, and what FMHL knows beside it', () => {
    const payload = { to: 'a@example.com' };
    const job = buildJob(queue, payload, { correlationId: ID });
    assert.equal(job.name, 'send_email');
    assert.deepEqual(job.data, { to: 'a@example.com' });
    assert.deepEqual(job.opts.fmhl, { correlation_id: ID, retry_of: null });
  });

  test('has the attempts, backoff and retention of its queue, and stays when it dies', () => {
    const { opts } = buildJob(queue, { to: 'a@example.com' }, { correlationId: null });
    assert.equal(opts.attempts, 3);
    assert.deepEqual(opts.backoff, { type: 'schedule' });
    assert.deepEqual(opts.removeOnComplete, { age: 191 });
    assert.equal(opts.removeOnFail, false);
    assert.ok(!('delay' in opts) && !('priority' in opts));
  });

  test('has an id of its own, or the one that was asked for', () => {
    const build = (jobId?: string): string =>
      buildJob(
        queue,
        { to: 'a@example.com' },
        { correlationId: null, ...(jobId === undefined ? {} : { jobId }) },
      ).opts.jobId;
    assert.notEqual(build(), build());
    assert.match(build(), /^[0-9a-f-]{36}$/);
    assert.equal(build('mine'), 'mine');
  });

  test('takes delay and priority', () => {
    const { opts } = buildJob(
      queue,
      { to: 'a@example.com' },
      { correlationId: null, delayMs: 5_000, priority: 2 },
    );
    assert.deepEqual([opts.delay, opts.priority], [5_000, 2]);
  });
});

describe('an invalid payload', () => {
  const refusal = (payload: unknown): InvalidPayloadError => {
    try {
      parsePayload(queue, payload);
    } catch (error) {
      assert.ok(error instanceof InvalidPayloadError);
      return error;
    }
    return assert.fail('it was accepted');
  };

  const cases: [what: string, payload: unknown, fields: string[]][] = [
    ['a wrong field', { to: 'secret value' }, ['to']],
    ['several wrong fields', { to: 'secret value', copies: 4 }, ['to', 'copies']],
    ['a field deep inside', { to: 'a@example.com', answers: { q1: { text: 5 } } }, ['answers.q1.text']],
    ['a missing field', {}, ['to']],
    ['an unknown field', { to: 'a@example.com', secret: 'value' }, ['secret']],
    ['no object', 'secret value', ['payload']],
    ['nothing', undefined, ['payload']],
  ];
  for (const [what, payload, fields] of cases) {
    test(`with ${what} is refused with the queue and the fields, and without the values`, () => {
      const { message, problems } = refusal(payload);
      assert.deepEqual(
        problems.map(({ field }) => field),
        fields,
      );
      assert.ok(message.startsWith('Queue email_send refuses the payload: '));
      for (const field of fields) assert.ok(message.includes(field), message);
      assert.ok(!message.includes('secret value'), message);
    });
  }

  test('is never built into a job', () => {
    assert.throws(() => buildJob(queue, { to: 'nobody' }, { correlationId: null }), InvalidPayloadError);
  });

  test('names ten fields at most, in a short message', () => {
    const answers = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`q${index}`, {}]));
    const { problems, message } = refusal({ to: 'a@example.com', answers });
    assert.equal(problems.length, 10);
    assert.ok(message.length < 2_000);
    const unknown = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`unknown${index}`, 1]));
    assert.ok(refusal({ to: 'a@example.com', ...unknown }).message.length < 2_000);
  });
});

describe('what FMHL knows of a job', () => {
  const entry = deadLetterId.parse('9b6e1b4f-1111-4222-8333-444455556666');
  const cases: [what: string, opts: object, expected: unknown][] = [
    ['is read from its options', { fmhl: { correlation_id: ID, retry_of: entry } }, [ID, entry]],
    ['is nothing for a job of somebody else', {}, [null, null]],
    ['is nothing where it makes no sense', { fmhl: 'text' }, [null, null]],
    ['is what makes sense of it', { fmhl: { correlation_id: 'no uuid', retry_of: entry } }, [null, entry]],
  ];
  for (const [what, opts, expected] of cases) {
    test(what, () => {
      const meta = metaOf({ opts });
      assert.deepEqual([meta.correlation_id, meta.retry_of], expected);
    });
  }
});
