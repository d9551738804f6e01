import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/postgres.ts';
import { systemClock } from '../../platform/lifecycle/clock.ts';
import { createUser, EmailTakenError } from './create-user.ts';

let database: TestDatabase;

before(async () => {
  database = await createTestDatabase();
});
after(async () => {
  await database.drop();
});

test('an address belongs to one user, however it is capitalised', async () => {
  const user = { email: 'Ada@example.com', password: 'a pass phrase', role: 'provider' } as const;
  const deps = { db: database.db, clock: systemClock };
  await createUser(deps, user);
  for (const email of ['Ada@example.com', 'ada@EXAMPLE.com']) {
    await assert.rejects(createUser(deps, { ...user, email }), EmailTakenError);
  }
  await createUser(deps, { ...user, email: 'grace@example.com' });
});

test('a user made in a transaction that is rolled back does not exist', async () => {
  const user = { email: 'lost@example.com', password: 'a pass phrase', role: 'admin' } as const;
  const rolledBack = database.db.transaction().execute(async (tx) => {
    await createUser({ db: tx, clock: systemClock }, user);
    throw new Error('rolled back');
  });
  await assert.rejects(rolledBack, /rolled back/);
  const { rows } = await database.pool.query('SELECT 1 FROM users WHERE email = $1', [user.email]);
  assert.equal(rows.length, 0);
});
