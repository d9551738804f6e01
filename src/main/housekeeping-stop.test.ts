import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { eventually } from '../../test/helpers/eventually.ts';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/postgres.ts';
import { startRole, type RunningRole } from '../../test/helpers/processes.ts';
import { testRedisUrl, uniquePrefix } from '../../test/helpers/redis.ts';

let database: TestDatabase;
let housekeeping: RunningRole;
before(async () => {
  database = await createTestDatabase();
  housekeeping = await startRole('housekeeping', {
    env: {
      DATABASE_URL: database.url,
      REDIS_URL: await testRedisUrl(),
      FMHL_REDIS_PREFIX: uniquePrefix(),
      FMHL_SHUTDOWN_DRAIN_MS: '0',
    },
  });
});
after(async () => {
  await housekeeping.kill9();
  await database.drop();
});

/** Statements that wait for a lock. */
async function blocked(): Promise<number> {
  const { rows } = await database.pool.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  );
  return rows[0]?.count ?? 0;
}

test('housekeeping ends in order within 15 s although the database holds up its work', async () => {
  const holder = await database.pool.connect();
  try {
    await eventually(() => housekeeping.lines().some(({ event }) => event === 'leader_elected'));
    await holder.query('BEGIN; LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE');
    await eventually(async () => (await blocked()) > 0, { what: 'the relay waits for the table' });
    const stoppedAt = performance.now();
    housekeeping.child.kill('SIGTERM');
    await once(housekeeping.child, 'exit');
    const seconds = (performance.now() - stoppedAt) / 1_000;
    assert.equal(housekeeping.child.exitCode, 0);
    assert.ok(seconds < 15, `${seconds} s`);
    assert.ok(housekeeping.lines().some(({ event }) => event === 'process_stopped'));
  } finally {
    await holder.query('ROLLBACK');
    holder.release();
  }
});
