import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sql } from 'kysely';
import { makeDeadLetters } from '../../../test/factories/dead-letters.ts';
import { eventually } from '../../../test/helpers/eventually.ts';
import { createTestSystem, testQueue, type TestSystem } from '../../../test/helpers/system.ts';
import { observeDeadLetters } from './gauges.ts';
import { removeEmptyTallies, settleTallies } from './tallies.ts';

const DAY_MS = 86_400_000;
const ago = (days: number): Date => new Date(Date.now() - days * DAY_MS);

let system: TestSystem;
before(async () => {
  system = await createTestSystem('redis');
});
after(() => system.close());

test('muted groups have a gauge of their own, and what will expire another', async () => {
  await makeDeadLetters(system.db, [
    { failedAt: ago(1) },
    { failedAt: ago(1), resolution: 'discarded' },
    { failedAt: ago(28) },
    { failedAt: ago(28), resolution: 'discarded' },
    { failedAt: ago(1), errorMessage: 'known trouble' },
    { failedAt: ago(29), errorMessage: 'known trouble' },
    { queueName: 'removed_queue', failedAt: ago(29) },
  ]);
  await sql`
    UPDATE dead_letter_groups SET muted_at = now(), muted_by = gen_random_uuid()
     WHERE message = 'known trouble'`.execute(system.db);
  await settleTallies(system.db);
  observeDeadLetters(system, [testQueue.name, 'idle_queue']);
  const metric = (name: string, queue: string) => system.metric(`${name}{queue="${queue}"}`);

  assert.equal(await metric('fmhl_dlq_size', testQueue.name), 2);
  assert.equal(await metric('fmhl_dlq_muted_size', testQueue.name), 2);
  assert.equal(await metric('fmhl_dlq_expiring', testQueue.name), 2);
  assert.equal(await metric('fmhl_dlq_size', 'removed_queue'), 1);
  assert.equal(await metric('fmhl_dlq_expiring', 'removed_queue'), 1);
  assert.equal(await metric('fmhl_dlq_size', 'idle_queue'), 0);
});

test('a queue that is not defined any more has gauges only as long as it has dead letters', async () => {
  const other = await createTestSystem('redis');
  try {
    await makeDeadLetters(other.db, [{ queueName: 'removed_queue', failedAt: ago(29) }]);
    await settleTallies(other.db);
    observeDeadLetters(other, [testQueue.name], { expiringEveryMs: 0 });
    const names = ['fmhl_dlq_size', 'fmhl_dlq_muted_size', 'fmhl_dlq_expiring'];
    const values = (queue: string) =>
      Promise.all(names.map((name) => other.metric(`${name}{queue="${queue}"}`)));
    assert.deepEqual(await values('removed_queue'), [1, 0, 1]);
    await sql`DELETE FROM dead_letter_queue`.execute(other.db);
    await settleTallies(other.db);
    await removeEmptyTallies(other.db);
    // Gauges are read once a second at most.
    await eventually(async () => (await values('removed_queue')).every((value) => value === null));
    assert.deepEqual(await values(testQueue.name), [0, 0, 0]);
  } finally {
    await other.close();
  }
});
