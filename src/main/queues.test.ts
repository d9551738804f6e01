import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QUEUE_NAMES } from '../../contract/queues.ts';
import { FMHL_QUEUES } from './queues.ts';

test('the queues that are defined are those that the contract names', () => {
  assert.deepEqual(FMHL_QUEUES.map(({ name }) => name).sort(), [...QUEUE_NAMES].sort());
});
