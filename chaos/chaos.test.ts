import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { describe as suite, test } from 'node:test';
import { createRandom } from './random.ts';
import { describe, objections } from './report.ts';
import { runChaos } from './run.ts';
import { CASES, scheduleRound } from './schedule.ts';

suite('the schedule of faults', () => {
  test('follows from the seed and the round', () => {
    assert.deepEqual(scheduleRound(7, 1), scheduleRound(7, 1));
    assert.notDeepEqual(scheduleRound(7, 1), scheduleRound(8, 1));
    assert.notDeepEqual(scheduleRound(7, 1), scheduleRound(7, 2));
  });

  test('has every case once, and every kind of fault, whatever the seed', () => {
    const random = createRandom(1);
    for (let n = 0; n < 100; n += 1) {
      const steps = scheduleRound(random.between(0, 2 ** 32 - 1), 1);
      const cases = steps.flatMap((step) => ('named' in step ? [step.named] : []));
      assert.deepEqual(cases.toSorted(), CASES.toSorted());
      const faults = new Set(
        steps.flatMap((step) =>
          'fault' in step
            ? [`${step.fault.kind} ${'server' in step.fault ? step.fault.server : step.fault.target}`]
            : [],
        ),
      );
      for (const fault of ['kill api', 'kill redis', 'kill postgres', 'freeze redis']) {
        assert.ok(faults.has(fault), fault);
      }
      for (const kind of ['cut', 'stall']) {
        for (const server of ['redis', 'postgres']) assert.ok(faults.has(`${kind} ${server}`));
      }
    }
  });
});

test('a short chaos run loses nothing, doubles nothing, and sees every named case', async (t) => {
  const seed = randomInt(2 ** 32);
  const lines: string[] = [`Seed ${seed}`];
  try {
    const report = await runChaos({ seed, minutes: 0, print: (line) => lines.push(line) });
    lines.push(...describe(report));
    assert.deepEqual(objections(report), []);
    t.diagnostic(
      `seed ${seed}: ${report.account.accepted} jobs, ${report.account.followers} retries, ${report.seconds} s`,
    );
  } catch (error) {
    // The way to repeat it, and what was seen.
    lines.forEach((line) => t.diagnostic(line));
    throw error;
  }
});
