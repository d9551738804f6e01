import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fragmentsOf } from './fragments.ts';

test('what reads as a part of a phone number is searched without its separators', () => {
  const cases: [search: string, phone: string][] = [
    ['301', '301'],
    ['+49', ''],
    ['+493', '+493'],
    ['+49 (30) 123-4', '+49301234'],
    ['(030) 123.45/6', '030123456'],
    ['(+49) 30', '+4930'],
    ['030\u00a0123\u20114', '0301234'],
  ];
  for (const [search, phone] of cases) {
    assert.deepEqual(fragmentsOf(search), { email: search, phone: phone === '' ? null : phone });
  }
});

test('what can not be in a phone number is searched among emails alone', () => {
  for (const search of ['ada', 'ada301', '301@', '1-2', '...', '30+1', '++301', '3_0_1', '30%1', '٣٠١', '']) {
    assert.deepEqual(fragmentsOf(search), { email: search, phone: null });
  }
});
