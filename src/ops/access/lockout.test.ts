import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lockMs } from './lockout.ts';

test('four failures in a row lock nothing; the fifth locks for a minute, doubling up to a quarter of an hour', () => {
  const minutes = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1_000_000].map((failures) => lockMs(failures) / 60_000);
  assert.deepEqual(minutes, [0, 0, 0, 0, 1, 2, 4, 8, 15, 15, 15]);
});
