import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { sql } from 'kysely';
import { makeDeadLetters } from '../../../../test/factories/dead-letters.ts';
import { type TestApi, useTestApi } from '../../../../test/helpers/api.ts';
import { readOperation, startOperation } from '../../../../test/helpers/dead-letter-operations.ts';
import { testQueue, type TestSystem } from '../../../../test/helpers/system.ts';
import { createRunner } from './run.ts';

let system: TestSystem;
let api: TestApi;
const deps = () => ({ ...system, definitions: [testQueue] });
const never = new AbortController().signal;
useTestApi((made) => ({ system, api } = made));
beforeEach(async () => {
  await sql`TRUNCATE dead_letter_queue, dead_letter_operations, dead_letter_operation_entries`.execute(
    system.db,
  );
});

const many = (count: number): ReturnType<typeof makeDeadLetters> =>
  makeDeadLetters(
    system.db,
    Array.from({ length: count }, () => ({})),
  );

describe('an operation with a rate', () => {
  test('does as many a second as it may, in small portions', async () => {
    await many(300);
    const { id } = await startOperation(api, { action: 'discard', filter: {}, rate_per_second: 100 });
    const clock = { at: 1_700_000_000_000, now: () => clock.at };
    const run = createRunner({ ...deps(), clock });
    const progress: number[] = [];
    assert.equal(await run(never), 'waits');
    for (let tick = 0; tick < 40; tick += 1) {
      clock.at += 50;
      await run(never);
      progress.push((await readOperation(api, id)).processed);
    }
    assert.deepEqual(
      progress,
      Array.from({ length: 40 }, (_, tick) => (tick + 1) * 5),
    );
  });

  test('makes up for a short delay and not for a long one, nor for the time before a restart', async () => {
    await many(300);
    const { id } = await startOperation(api, { action: 'discard', filter: {}, rate_per_second: 100 });
    const clock = { at: 1_700_000_000_000, now: () => clock.at };
    const first = createRunner({ ...deps(), clock });
    const done = async (): Promise<number> => (await readOperation(api, id)).processed;
    await first(never);
    clock.at += 400;
    await first(never);
    assert.equal(await done(), 40);
    clock.at += 60_000;
    await first(never);
    assert.equal(await done(), 90);
    clock.at += 60_000;
    const second = createRunner({ ...deps(), clock });
    assert.equal(await second(never), 'waits');
    assert.equal(await done(), 90);
    clock.at += 100;
    await second(never);
    assert.equal(await done(), 100);
  });

  test('less than one a tick comes one at a time; a clock that is set back does no harm', async () => {
    await many(5);
    const { id } = await startOperation(api, { action: 'discard', filter: {}, rate_per_second: 2 });
    const clock = { at: 1_700_000_000_000, now: () => clock.at };
    const run = createRunner({ ...deps(), clock });
    await run(never);
    const progress: number[] = [];
    for (let tick = 0; tick < 8; tick += 1) {
      clock.at += 250;
      await run(never);
      progress.push((await readOperation(api, id)).processed);
    }
    assert.deepEqual(progress, [0, 1, 1, 2, 2, 3, 3, 4]);
    clock.at -= 3_600_000;
    await run(never);
    assert.equal((await readOperation(api, id)).processed, 4);
    clock.at += 500;
    await run(never);
    assert.equal((await readOperation(api, id)).state, 'completed');
  });
});
