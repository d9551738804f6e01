import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from './eventually.ts';
import { createTestDatabase } from './postgres.ts';

test('a condition is waited for until it holds, and its value comes back', async () => {
  let calls = 0;
  const value = await eventually(() => (++calls < 3 ? undefined : 'there'), { intervalMs: 1 });
  assert.equal(value, 'there');
  assert.equal(calls, 3);
});

test('a condition that never holds fails with the last reason', async () => {
  const never = (): never => {
    throw new Error('still raining');
  };
  await assert.rejects(
    eventually(never, { what: 'sunshine', timeoutMs: 30, intervalMs: 1 }),
    /sunshine.*still raining/,
  );
});

test('every test file gets a database of its own, with all tables and no rows', async () => {
  const [one, two] = await Promise.all([createTestDatabase(), createTestDatabase()]);
  try {
    await one.pool.query(
      "INSERT INTO outbox (queue_name, job_id, job_name, payload, job_options) VALUES ('q', '1', 'j', '1', '{}')",
    );
    const { rows } = await two.pool.query<{ count: string }>('SELECT count(*) FROM outbox');
    assert.equal(rows[0]?.count, '0');
  } finally {
    await Promise.all([one.drop(), two.drop()]);
  }
});
