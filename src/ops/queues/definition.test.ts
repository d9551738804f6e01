import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { z } from 'zod';
import { StartError } from '../../platform/lifecycle/errors.ts';
import { checkDefinition, defineQueue } from './definition.ts';

const good = {
  name: 'email_send',
  jobName: 'send_email',
  payload: z.object({ to: z.string() }),
  attempts: 3,
  backoffMs: [1_000, 5_000, 15_000],
  timeoutMs: 10_000,
  concurrency: 10,
};

describe('a queue definition', () => {
  test('gets defaults: no personal fields, no jitter, no rate limit, completed jobs for an hour, dead jobs kept', () => {
    const { personal, jitter, rateLimit, retention } = defineQueue(good);
    assert.deepEqual(
      { personal, jitter, rateLimit, retention },
      { personal: [], jitter: 0, rateLimit: null, retention: { completedForMs: 3_600_000, failed: 'keep' } },
    );
  });

  test('can not be changed afterwards', () => {
    assert.ok(Object.isFrozen(defineQueue(good)));
  });

  test('needs no backoff when there is one attempt only', () => {
    defineQueue({ ...good, attempts: 1, backoffMs: [] });
  });

  test('takes every limit that makes sense', () => {
    defineQueue({
      ...good,
      jitter: 1,
      rateLimit: { max: 1, perMs: 1 },
      concurrency: 10_000,
      attempts: 1,
      backoffMs: [0],
    });
    defineQueue({ ...good, retention: { completedForMs: 120_000, failed: 'keep' } });
    defineQueue({ ...good, personal: ['to', 'data.confirm_url', 'list.*.e-mail', '*', 'items.0.sku'] });
  });

  // What a definition read from somewhere else could hold, whatever the types say.
  const bad: [what: string, change: object, field: string][] = [
    ['no attempts', { attempts: 0 }, 'attempts'],
    ['negative attempts', { attempts: -1 }, 'attempts'],
    ['half an attempt', { attempts: 1.5 }, 'attempts'],
    ['endless attempts', { attempts: Infinity }, 'attempts'],
    ['attempts as text', { attempts: '3' }, 'attempts'],
    ['a backoff list shorter than the attempts', { attempts: 4 }, 'backoffMs'],
    ['no backoff for several attempts', { backoffMs: [] }, 'backoffMs'],
    ['a negative delay', { backoffMs: [1, -1, 1] }, 'backoffMs.1'],
    ['a delay that is not a number', { backoffMs: [1, Number.NaN, 1] }, 'backoffMs.1'],
    ['a delay of months', { backoffMs: [1, 1, 90 * 86_400_000] }, 'backoffMs.2'],
    ['negative jitter', { jitter: -0.1 }, 'jitter'],
    ['jitter above 1', { jitter: 1.1 }, 'jitter'],
    ['no timeout', { timeoutMs: 0 }, 'timeoutMs'],
    ['a timeout beyond what timers can count', { timeoutMs: 2 ** 31 }, 'timeoutMs'],
    ['no concurrency', { concurrency: 0 }, 'concurrency'],
    ['a rate of none', { rateLimit: { max: 0, perMs: 1_000 } }, 'rateLimit.max'],
    ['a rate per no time', { rateLimit: { max: 1, perMs: 0 } }, 'rateLimit.perMs'],
    [
      'a retention that deletes failed jobs',
      { retention: { completedForMs: 3_600_000, failed: 'delete' } },
      'retention.failed',
    ],
    [
      'a retention that forgets completed jobs at once',
      // While a relay that was stopped still holds its rows: 60 s.
      { retention: { completedForMs: 60_000, failed: 'keep' } },
      'retention.completedForMs',
    ],
    ['a name with a colon', { name: 'email:send' }, 'name'],
    ['a name in capitals', { name: 'EmailSend' }, 'name'],
    ['an empty job name', { jobName: '' }, 'jobName'],
    ['a payload that is no schema', { payload: {} }, 'payload'],
    ['personal fields that are no list', { personal: 'to' }, 'personal'],
    ['an empty personal path', { personal: ['to', ''] }, 'personal.1'],
    ['a personal path with an empty step', { personal: ['data..email'] }, 'personal.0'],
    ['a personal path that ends in a dot', { personal: ['data.'] }, 'personal.0'],
    ['an unknown setting', { removeOnFail: true }, 'removeOnFail'],
  ];
  for (const [what, change, field] of bad) {
    test(`with ${what} is refused with the queue and the field`, () => {
      const definition = { ...good, ...change };
      assert.throws(
        () => defineQueue(definition),
        (error) => {
          assert.ok(error instanceof StartError);
          assert.ok(error.message.startsWith(`Queue ${definition.name}: `), error.message);
          assert.ok(error.message.includes(field), error.message);
          return true;
        },
      );
    });
  }

  test('that is wrong in several ways says all of them', () => {
    const definition = { ...defineQueue(good), attempts: 0, concurrency: 0 };
    assert.throws(
      () => checkDefinition(definition),
      /attempts must be at least 1; concurrency must be at least 1/,
    );
  });
});
