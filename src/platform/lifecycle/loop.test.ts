import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventually } from '../../../test/helpers/eventually.ts';
import { captureLog } from '../../../test/helpers/log.ts';
import { startLoop, type LoopOptions } from './loop.ts';

const HOUR = 3_600_000;

/** A loop whose rounds the test decides, and whose starts it counts. */
function testLoop(
  round: (count: number, signal: AbortSignal) => Promise<'again' | 'idle'>,
  options: Partial<LoopOptions> = {},
) {
  const log = captureLog();
  const outcomes: string[] = [];
  const startedAt: number[] = [];
  const loop = startLoop({
    name: 'test',
    intervalMs: HOUR,
    run: (signal) => {
      startedAt.push(performance.now());
      return round(startedAt.length, signal);
    },
    onRound: (outcome) => outcomes.push(outcome),
    logger: log.logger,
    ...options,
  });
  return { loop, log, outcomes, startedAt, rounds: () => startedAt.length };
}

describe('a background loop', () => {
  test('runs at once, then pauses', async () => {
    const { loop, rounds } = testLoop(() => Promise.resolve('idle'));
    await eventually(() => rounds() === 1);
    await loop.stop();
    assert.equal(rounds(), 1);
  });

  test('runs again at once while there is more than one batch of work', async () => {
    const { loop, rounds } = testLoop((count) => Promise.resolve(count < 5 ? 'again' : 'idle'));
    await eventually(() => rounds() === 5);
    await loop.stop();
  });

  test('is woken from its pause', async () => {
    const { loop, rounds } = testLoop(() => Promise.resolve('idle'));
    await eventually(() => rounds() === 1);
    loop.wake();
    await eventually(() => rounds() === 2);
    await loop.stop();
  });

  test('does not lose a call to wake that comes during a round', async () => {
    let finish: (outcome: 'idle') => void = () => undefined;
    const first = new Promise<'idle'>((resolve) => (finish = resolve));
    const { loop, rounds } = testLoop((count) => (count === 1 ? first : Promise.resolve('idle')));
    await eventually(() => rounds() === 1);
    loop.wake();
    finish('idle');
    await eventually(() => rounds() === 2);
    await loop.stop();
  });

  test('logs and counts a failed round, and repeats it after a pause that doubles up to its limit', async () => {
    const { loop, outcomes, log, startedAt } = testLoop(
      (count) => (count <= 5 ? Promise.reject(new Error(`no ${count}`)) : Promise.resolve('idle')),
      { intervalMs: 20, maxBackoffMs: 80 },
    );
    await eventually(() => outcomes.includes('ok'));
    await loop.stop();
    assert.deepEqual(outcomes.slice(0, 6), ['failed', 'failed', 'failed', 'failed', 'failed', 'ok']);
    const pauses = startedAt.slice(1, 6).map((at, index) => at - (startedAt[index] ?? 0));
    // 40, 80, then no longer; a timer may be a millisecond early.
    [40, 80, 80, 80, 80].forEach((least, index) =>
      assert.ok((pauses[index] ?? 0) >= least - 2, String(pauses)),
    );
    const lines = log.find('loop_failed');
    assert.deepEqual(
      lines.map(({ metadata }) => metadata['failures']),
      [1, 2, 3, 4, 5],
    );
    assert.equal(lines[0]?.metadata['reason'], 'no 1');
    assert.equal(lines[0].level, 'error');
  });

  test('begins its pauses anew after a success', async () => {
    const { loop, log, rounds } = testLoop(
      (count) => (count % 2 === 1 ? Promise.reject(new Error('odd')) : Promise.resolve('idle')),
      { intervalMs: 1 },
    );
    await eventually(() => rounds() >= 5);
    await loop.stop();
    assert.ok(log.find('loop_failed').every(({ metadata }) => metadata['failures'] === 1));
  });

  test('is not woken from the pause after a failure', async () => {
    const { loop, rounds, outcomes } = testLoop(() => Promise.reject(new Error('down')), {
      maxBackoffMs: HOUR,
    });
    await eventually(() => outcomes.length === 1);
    for (let index = 0; index < 100; index += 1) loop.wake();
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(rounds(), 1);
    await loop.stop();
  });

  test('takes a processor that throws at once for a failed round', async () => {
    const { loop, outcomes } = testLoop(() => {
      throw new Error('at once');
    });
    await eventually(() => outcomes.length === 1);
    assert.deepEqual(outcomes, ['failed']);
    await loop.stop();
  });

  test('stops after the running round, which is told by its signal', async () => {
    let ended = false;
    const { loop, rounds } = testLoop(async (_count, signal) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      await new Promise((resolve) => setImmediate(resolve));
      ended = true;
      return 'again';
    });
    await eventually(() => rounds() === 1);
    await loop.stop();
    assert.equal(ended, true);
    assert.equal(rounds(), 1);
  });

  test('does not count or log a round that fails because it was stopped', async () => {
    const { loop, outcomes, log, rounds } = testLoop(
      (_count, signal) =>
        new Promise((_, reject) =>
          signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true }),
        ),
    );
    await eventually(() => rounds() === 1);
    await loop.stop();
    assert.deepEqual(outcomes, []);
    assert.deepEqual(log.find('loop_failed'), []);
  });

  test('never runs two rounds at once', async () => {
    let running = 0;
    let most = 0;
    const { loop, rounds } = testLoop(
      async (count) => {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
        return count < 20 ? 'again' : 'idle';
      },
      { intervalMs: 1 },
    );
    await eventually(() => {
      loop.wake();
      return rounds() >= 30;
    });
    await loop.stop();
    assert.equal(most, 1);
  });
});
