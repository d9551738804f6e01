import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HttpError } from '../../platform/http/errors.ts';
import { createGate } from './gate.ts';

/** Work that ends when it is told to, and knows how much of it runs. */
function heldWork() {
  const releases: (() => void)[] = [];
  let running = 0;
  const work = async (): Promise<void> => {
    running += 1;
    await new Promise<void>((resolve) => releases.push(resolve));
    running -= 1;
  };
  return { work, running: () => running, release: () => releases.shift()?.() };
}

test('no more work runs at once than the gate allows, and all of it runs in the end', async () => {
  const gate = createGate({ concurrency: 3, maxWaiting: 10 });
  const held = heldWork();
  const all = Array.from({ length: 8 }, () => gate(held.work));
  let most = 0;
  for (let released = 0; released < 8; released += 1) {
    most = Math.max(most, held.running());
    held.release();
    // The place passes on within the microtasks of the release.
    await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(all);
  assert.equal(most, 3);
  assert.equal(held.running(), 0);
});

test('work beyond the queue is turned away with 503, and a place that frees up is given again', async () => {
  const gate = createGate({ concurrency: 1, maxWaiting: 1 });
  const held = heldWork();
  const running = gate(held.work);
  const waiting = gate(() => Promise.resolve('waited'));
  await assert.rejects(
    gate(() => Promise.resolve('turned away')),
    (error) => error instanceof HttpError && error.statusCode === 503 && error.retryAfterSeconds === 1,
  );
  held.release();
  await running;
  assert.equal(await waiting, 'waited');
  assert.equal(await gate(() => Promise.resolve('later')), 'later');
});

test('work that fails gives its place back', async () => {
  const gate = createGate({ concurrency: 1, maxWaiting: 0 });
  await assert.rejects(
    gate(() => Promise.reject(new Error('failed'))),
    /failed/,
  );
  assert.equal(await gate(() => Promise.resolve('next')), 'next');
});
