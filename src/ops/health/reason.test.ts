import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { reasonOf } from './reason.ts';

const withCode = (code: string, message: string): Error => Object.assign(new Error(message), { code });

describe('the reason that a dependency is down', () => {
  const cases: [what: string, error: unknown, reason: string][] = [
    [
      'names no address',
      withCode('ECONNREFUSED', 'connect ECONNREFUSED 10.0.0.5:5432'),
      'connection refused',
    ],
    ['names no host', withCode('ENOTFOUND', 'getaddrinfo ENOTFOUND db.internal'), 'host not found'],
    [
      'names no user',
      withCode('28P01', 'password authentication failed for user "fmhl"'),
      'authentication refused',
    ],
    ['names no database', withCode('3D000', 'database "fmhl" does not exist'), 'no such database'],
    [
      'holds no credentials',
      new Error('redis://fmhl:hunter2@cache:6379 said no'),
      'redis://[redacted]@cache:6379 said no',
    ],
    ['is the message of any other error', new Error('LOADING Redis is loading'), 'LOADING Redis is loading'],
    ['is found for what is no error', 'just text', 'just text'],
    ['is never empty', new TypeError(''), 'TypeError'],
  ];
  for (const [what, error, reason] of cases) {
    test(what, () => assert.equal(reasonOf(error), reason));
  }

  test('is short', () => assert.equal(reasonOf(new Error('x'.repeat(10_000))).length, 200));
});
