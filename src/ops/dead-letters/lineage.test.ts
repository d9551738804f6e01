import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { deadLetterId, type DeadLetterId } from '../../../contract/ids.ts';
import { makeDeadLetter } from '../../../test/factories/dead-letters.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/postgres.ts';
import { ancestorsOf, followersOf, retryOf } from './lineage.ts';

describe('the line of deaths of a job', () => {
  let database: TestDatabase;
  before(async () => {
    database = await createTestDatabase();
  });
  after(() => database.drop());

  const make = (minute: number, retryOfId: DeadLetterId | null): Promise<DeadLetterId> =>
    makeDeadLetter(database.db, {
      failedAt: new Date(Date.parse('2026-01-02T00:00:00Z') + minute * 60_000),
      retryOf: retryOfId,
    });
  const idsOf = (relatives: readonly { id: DeadLetterId }[]): DeadLetterId[] => relatives.map(({ id }) => id);

  test('shows a hundred relatives at most, the nearest', async () => {
    const line: DeadLetterId[] = [];
    for (let minute = 0; minute < 105; minute += 1) line.push(await make(minute, line.at(-1) ?? null));
    assert.deepEqual(idsOf(await ancestorsOf(database.db, line[104]!)), line.slice(4, 104).reverse());
    assert.deepEqual(idsOf(await followersOf(database.db, line[0]!)), line.slice(1, 101));
  });

  test('that bites its own tail has an end nevertheless', async () => {
    const first = await make(0, null);
    const second = await make(1, first);
    await sql`UPDATE dead_letter_queue SET retry_of = ${second} WHERE id = ${first}`.execute(database.db);
    assert.equal((await ancestorsOf(database.db, first)).length, 100);
    assert.equal((await followersOf(database.db, first)).length, 100);
  });

  test('begins where retention has taken what was before', async () => {
    const orphan = await make(0, deadLetterId.parse(randomUUID()));
    assert.deepEqual(await ancestorsOf(database.db, orphan), []);
    assert.deepEqual(await followersOf(database.db, orphan), []);
    assert.equal(await retryOf(database.db, orphan), null);
  });
});
