import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { testQueue } from '../../../test/helpers/system.ts';
import {
  holdsPersonal,
  mask,
  MASKED,
  maskerOfQuotes,
  maskPart,
  maskShown,
  personalPathsOf,
  shownPayload,
} from './masking.ts';

const payload = () => ({
  to: 'user@example.com',
  template: 'welcome',
  data: { name: 'Ada', age: 36, owners: [{ email: 'a@example.com', role: 'a' }, { role: 'b' }] },
});

describe('mask', () => {
  test('takes away the values at the paths and leaves the rest, of lists too', () => {
    assert.deepEqual(mask(payload(), ['to', 'data.age', 'data.owners.*.email']), {
      to: MASKED,
      template: 'welcome',
      data: { name: 'Ada', age: MASKED, owners: [{ email: MASKED, role: 'a' }, { role: 'b' }] },
    });
    assert.deepEqual(mask(payload(), ['data.owners.0.role']), {
      ...payload(),
      data: { ...payload().data, owners: [{ email: 'a@example.com', role: MASKED }, { role: 'b' }] },
    });
    assert.deepEqual(mask({ a: { x: { email: 1 }, y: { email: 2, z: 3 } } }, ['a.*.email']), {
      a: { x: { email: MASKED }, y: { email: MASKED, z: 3 } },
    });
  });

  test('takes away all below a path', () => {
    assert.deepEqual(mask(payload(), ['data']), {
      to: 'user@example.com',
      template: 'welcome',
      data: MASKED,
    });
  });

  test('never changes what it is given', () => {
    const given = payload();
    mask(given, ['to', 'data.owners.*.email']);
    mask(given, null);
    assert.deepEqual(given, payload());
  });

  test('ignores what is absent, and keeps null', () => {
    const given = { to: null, data: {} };
    assert.equal(mask(given, ['to', 'cc', 'data.name', 'data.owners.*.email']), given);
    assert.equal(holdsPersonal(given, ['to', 'cc', 'data.name']), false);
    assert.equal(holdsPersonal({ to: '' }, ['to']), true);
    assert.equal(holdsPersonal({ to: 'x' }, []), false);
  });

  test('takes away a value of another form than the path expects: it may be anything', () => {
    assert.equal(mask('user@example.com', ['to']), MASKED);
    assert.deepEqual(mask({ data: 'Ada' }, ['data.name']), { data: MASKED });
    assert.deepEqual(mask({ data: [{ name: 'Ada' }] }, ['data.name']), { data: MASKED });
    assert.equal(mask('text', []), 'text');
  });

  test('of a queue that is not defined takes away every value', () => {
    assert.equal(personalPathsOf('removed_queue', [testQueue]), null);
    assert.deepEqual(personalPathsOf(testQueue.name, [testQueue]), []);
    assert.deepEqual(mask({ a: 'x', b: [1, true, null, { c: 'y' }], d: {} }, null), {
      a: MASKED,
      b: [MASKED, MASKED, null, { c: MASKED }],
      d: {},
    });
  });

  test('takes every name for the name of a field', () => {
    const hostile: unknown = JSON.parse('{"__proto__": {"to": "x"}, "constructor": "y", "to": "z"}');
    assert.equal(
      JSON.stringify(mask(hostile, ['__proto__.to', 'constructor'])),
      `{"__proto__":{"to":"${MASKED}"},"constructor":"${MASKED}","to":"z"}`,
    );
    assert.equal(
      JSON.stringify(mask(hostile, null)),
      `{"__proto__":{"to":"${MASKED}"},"constructor":"${MASKED}","to":"${MASKED}"}`,
    );
  });

  test('comes to an end however deep a payload is', () => {
    let deep: unknown = 'secret';
    for (let n = 0; n < 5_000; n += 1) deep = { a: deep };
    assert.doesNotMatch(JSON.stringify(mask(deep, null)), /secret/);
    assert.doesNotMatch(JSON.stringify(mask(deep, ['a.a'])), /secret/);
  });
});

describe('mask of a part', () => {
  const paths = ['to', 'data.owners.*.email'];
  for (const [at, value, masked] of [
    [['to'], 'user@example.com', MASKED],
    [['to', 'first'], 'user@example.com', MASKED],
    [['template'], 'welcome', 'welcome'],
    [[], { to: 'x', template: 'y' }, { to: MASKED, template: 'y' }],
    [['data', 'owners'], [{ email: 'x', role: 'y' }], [{ email: MASKED, role: 'y' }]],
    [['data', 'owners', '0'], { email: 'x' }, { email: MASKED }],
    // The end of a list, as JSON Patch writes it.
    [['data', 'owners', '-'], { email: 'x' }, { email: MASKED }],
    [['data', 'owners', '3', 'email'], 'x', MASKED],
    [['data', 'owners', '3', 'role'], 'x', 'x'],
  ] as const) {
    test(`at ${at.join('/') || 'the top'} knows where it stands: ${JSON.stringify(value)}`, () => {
      assert.deepEqual(maskPart(value, at, paths), masked);
    });
  }

  test('at the end of a list may be at any place of it', () => {
    assert.deepEqual(maskPart({ email: 'x' }, ['owners', '-'], ['owners.0.email']), { email: MASKED });
  });

  test('of a queue that is not defined takes away every value', () => {
    assert.deepEqual(maskPart({ a: 1 }, ['x'], null), { a: MASKED });
  });
});

describe('a payload that JSONB has only a likeness of', () => {
  test('is shown and masked as it exactly is', () => {
    const shown = shownPayload({ payload: { to: '?' }, payload_text: '{"to":"\\u0000","n":1}' });
    assert.deepEqual(maskShown(shown, []), { to: '\0', n: 1 });
    assert.deepEqual(maskShown(shown, ['to']), { to: MASKED, n: 1 });
  });

  test('or is only text is masked as a whole, unless its queue has nothing personal', () => {
    const shown = shownPayload({ payload: null, payload_text: '[[["user@example.com"]]]' });
    assert.equal(maskShown(shown, ['to']), MASKED);
    assert.equal(maskShown(shown, null), MASKED);
    assert.equal(maskShown(shown, []), '[[["user@example.com"]]]');
  });
});

describe('a text that quotes a payload', () => {
  const shown = shownPayload({ payload: { ...payload(), phone: 4_930_123_456 }, payload_text: null });

  test('is masked where it repeats what is personal, longer texts first', () => {
    const masked = maskerOfQuotes(shown, ['to', 'data.owners', 'phone']);
    assert.equal(
      masked('550 <user@example.com> and <a@example.com>: 4930123456, welcome'),
      `550 <${MASKED}> and <${MASKED}>: ${MASKED}, welcome`,
    );
    const nested = shownPayload({ payload: { a: 'user', b: 'user@example.com' }, payload_text: null });
    assert.equal(maskerOfQuotes(nested, null)('to user@example.com'), `to ${MASKED}`);
  });

  test('is masked in whatever case it repeats it, and where case changes a length', () => {
    const masked = maskerOfQuotes(
      shownPayload({ payload: { to: 'Wrong Name', city: 'İSTANBUL', at: 'ΟΔΟΣ' }, payload_text: null }),
      null,
    );
    assert.equal(
      masked('no wrong NAME in İstanbul, οδος or ΟΔΟΣΑ'),
      `no ${MASKED} in ${MASKED}, ${MASKED} or ${MASKED}Α`,
    );
  });

  test('is masked where the payload is only text: its values, not the names of its fields', () => {
    const text = shownPayload({
      payload: null,
      payload_text: String.raw`{"name": ["Ada \"Lovelace\"", 4930123456, "x"], "field" : "\u00c9mile"}`,
    });
    const masked = maskerOfQuotes(text, ['name']);
    assert.equal(
      masked('field name: ada "lovelace", 4930123456, émile <someone@example.com>'),
      `field name: ${MASKED}, ${MASKED}, ${MASKED} <${MASKED}>`,
    );
    assert.equal(maskerOfQuotes(text, [])('ada "lovelace"'), 'ada "lovelace"');
  });

  test('is masked as one with the address or number that it is part of', () => {
    const part = shownPayload({
      payload: { host: 'example.com', to: 'ada@example.com (Ada L.)' },
      payload_text: null,
    });
    const masked = maskerOfQuotes(part, null);
    assert.equal(masked('to ada@example.com (Ada L.), bob@example.com'), `to ${MASKED}, ${MASKED}`);
  });

  test('keeps what is in every text anyway', () => {
    assert.equal(maskerOfQuotes(shown, ['data.name', 'data.age'])('Ada, 36'), 'Ada, 36');
    assert.equal(maskerOfQuotes(shown, ['to'])(null), null);
  });
});
