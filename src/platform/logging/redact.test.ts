import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { MASK, redact, redactText } from './redact.ts';

describe('redaction of fields', () => {
  const secret = [
    ...[
      'password',
      'newPassword',
      'password_hash',
      'passwd',
      'clientSecret',
      'token',
      'access_token',
      'tokens',
    ],
    ...[
      'tokenHash',
      'Authorization',
      'cookie',
      'set-cookie',
      'apiKey',
      'api_key',
      'x-api-key',
      'credentials',
    ],
    ...[
      'otpauth_url',
      'totp',
      'totpSecret',
      'recovery_codes',
      'code',
      'email',
      'contact_email',
      'emailAddress',
    ],
    ...[
      'e-mail',
      'phone',
      'phone_number',
      'mobile',
      'to',
      'cc',
      'bcc',
      'contact_name',
      'DATABASE_URL',
      'redisUrl',
    ],
  ];
  for (const key of secret) {
    test(`masks "${key}" at any depth`, () => {
      assert.deepEqual(redact({ a: [{ [key]: 'hidden' }] }), { a: [{ [key]: MASK }] });
      assert.deepEqual(redact({ [key]: { nested: 'hidden' } }), { [key]: MASK });
    });
  }

  for (const key of [
    'queue',
    'email_send',
    'tokenizer',
    'total',
    'topic',
    'decoded',
    'status',
    'error_code',
  ]) {
    test(`leaves "${key}" alone`, () => {
      assert.deepEqual(redact({ [key]: 'shown' }), { [key]: 'shown' });
    });
  }

  test('says nothing about a secret that is null or absent', () => {
    assert.deepEqual(redact({ token: null, password: undefined }), { token: null, password: undefined });
  });

  test('shows the end of a period, which is called "to" as well, and nothing else by that name', () => {
    for (const to of ['2026-01-31', '2026-01-31T14:30:00Z', '2026-01-31T14:30:00.000+02:00']) {
      assert.deepEqual(redact({ to }), { to });
    }
    const to = new Date('2026-01-31');
    assert.deepEqual(redact({ filters: { to } }), { filters: { to: to.toISOString() } });
    for (const recipient of ['ada', '2026-01-31@example.com', '2026-01-31 Ada', 20260131, ['2026-01-31']]) {
      assert.deepEqual(redact({ to: recipient }), { to: MASK });
    }
    assert.deepEqual(redact({ password: '2026-01-31' }), { password: MASK });
  });

  test('masks an address that is a key', () => {
    assert.deepEqual(redact({ 'user@example.com': 3 }), { [MASK]: 3 });
  });
});

describe('redaction of text', () => {
  const cases: [what: string, text: string, expected: string][] = [
    ['an email address', 'mailbox user@example.com is full', `mailbox ${MASK} is full`],
    ['an address in brackets', 'to=<first.last+tag@mail.example.co.uk>', `to=<${MASK}>`],
    ['a phone number', 'call +49 (151) 234-5678 now', `call ${MASK} now`],
    ['the credentials of a URL', 'redis://user:pass@host:6379/0', `redis://${MASK}@host:6379/0`],
    ['a password without a user', 'redis://:pass@host', `redis://${MASK}@host`],
    ['a token as the user', 'https://ghp_secret@host/x', `https://${MASK}@host/x`],
    ['a password with an @', 'postgres://u:p@ss@host/db', `postgres://${MASK}@host/db`],
    [
      'the token of a link',
      'see https://host/confirm?token=abc-123&x=1',
      `see https://host/confirm?token=${MASK}&x=1`,
    ],
    [
      'no host of a URL',
      'redis://user:pass@redis.example.com:6379',
      `redis://${MASK}@redis.example.com:6379`,
    ],
    ['a password with a slash', 'postgres://u:p/ss@host/db', `postgres://${MASK}@host/db`],
  ];
  for (const [what, text, expected] of cases) {
    test(`masks ${what}`, () => assert.equal(redactText(text), expected));
  }

  test('leaves paths of scoped packages in a stack trace alone', () => {
    const line = 'at run (file:///app/node_modules/@fastify/helmet/index.js:12:3)';
    assert.equal(redactText(line), line);
  });

  test('masks an address that the length bound cuts through', () => {
    const masked = redactText(`${'x'.repeat(3_990)} user@example.com ${'y'.repeat(5_000)}`);
    assert.ok(!masked.includes('user@'));
    assert.ok(masked.endsWith('… (9008 characters)'), masked.slice(-100));
  });

  const hot = [
    'a'.repeat(100_000),
    'a.'.repeat(50_000),
    '@'.repeat(100_000),
    'a@'.repeat(50_000),
    `x://${':'.repeat(100_000)}`,
    'x://a:'.repeat(20_000),
    `a@${'b.'.repeat(50_000)}`,
    '+1'.repeat(50_000),
    `+1${'('.repeat(100_000)}`,
    'a-'.repeat(50_000),
  ];
  test('takes well under a second for texts made to be slow', () => {
    const started = performance.now();
    for (const text of hot) redactText(text);
    assert.ok(performance.now() - started < 2_000, `${performance.now() - started} ms for ${hot.length}`);
  });
});

describe('a redacted copy', () => {
  test('is bounded for objects that hold themselves, however wide', () => {
    const wide: unknown[] = [];
    for (let index = 0; index < 100; index += 1) wide.push(wide);
    const circular: Record<string, unknown> = { wide };
    circular['self'] = circular;
    assert.ok(JSON.stringify(redact(circular)).length < 1_000_000);
  });

  test('is bounded for large lists, objects, texts and buffers', () => {
    const huge = {
      list: Array.from({ length: 100_000 }, (_, index) => index),
      object: Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`k${index}`, index])),
      text: 'x'.repeat(1_000_000),
      buffer: Buffer.alloc(1_000_000),
    };
    const text = JSON.stringify(redact(huge));
    assert.ok(text.length < 10_000, `${text.length} characters`);
    assert.match(text, /"\[1000000 bytes\]"/);
  });

  test('holds what JSON can say of values that JSON does not know', () => {
    const copy = redact({
      big: 12n,
      symbol: Symbol('s'),
      date: new Date(0),
      noDate: new Date(Number.NaN),
      url: new URL('https://user:pw@host/'),
      error: new Error('to user@example.com'),
      fn: () => 1,
    });
    assert.deepEqual(JSON.parse(JSON.stringify(copy)), {
      big: '12',
      symbol: 'Symbol(s)',
      date: '1970-01-01T00:00:00.000Z',
      noDate: null,
      url: `https://${MASK}@host/`,
      error: `to ${MASK}`,
    });
  });

  test('reads around getters that throw, and calls no toJSON', () => {
    const value = {
      get broken(): string {
        throw new Error('no');
      },
      toJSON: () => ({ leaked: true }),
      fine: 1,
    };
    assert.deepEqual(JSON.parse(JSON.stringify(redact(value))), { broken: '[unreadable]', fine: 1 });
  });

  test('keeps a key named __proto__ as a key', () => {
    const copy = redact(JSON.parse('{"__proto__": {"polluted": true}}'));
    assert.equal((copy as { polluted?: boolean }).polluted, undefined);
  });

  test('never throws and always fits JSON, whatever the value', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true }), (value) => {
        JSON.stringify({ copy: redact(value) });
      }),
      { numRuns: 500 },
    );
  });
});
