import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import { test } from 'node:test';
import { eventually } from '../../../test/helpers/eventually.ts';
import { createExpiry, type Timed } from './expiry.ts';

interface Item extends Timed {
  name: string;
}
const item = (name: string): Item => ({
  name,
  startedMs: performance.now(),
  place: -1,
});
const names = (items: readonly Item[]): string[] => items.map(({ name }) => name).sort();

test('what has not ended in its time expires once; what has ended does not', async () => {
  const expired: string[] = [];
  const limit = createExpiry<Item>(50, ({ name, startedMs }) => {
    assert.ok(performance.now() - startedMs >= 50, 'not before its time');
    expired.push(name);
  });
  const [early, late, ended] = [item('early'), item('late'), item('ended')];
  for (const each of [early, ended, late]) limit.add(each);
  limit.delete(ended);
  limit.delete(ended);
  assert.deepEqual(names(limit.items()), ['early', 'late']);
  // The timer does not keep the process alive, so something else has to.
  await eventually(() => expired.length === 2);
  assert.deepEqual(expired.sort(), ['early', 'late']);
  assert.deepEqual(limit.items(), []);
});

test('whatever ends, in whatever order, the others are watched on', async () => {
  const expired: string[] = [];
  const limit = createExpiry<Item>(20, ({ name }) => expired.push(name));
  const all = Array.from({ length: 30 }, (_, index) => item(`n${index}`));
  for (const each of all) limit.add(each);
  const kept = all.filter((_, index) => index % 7 === 0);
  for (const each of [...all].reverse()) if (!kept.includes(each)) limit.delete(each);
  await eventually(() => expired.length === kept.length);
  assert.deepEqual(expired.sort(), names(kept));
});
