import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { sql } from 'kysely';
import type { DeadLetterId } from '../../../../contract/ids.ts';
import { makeDeadLetters } from '../../../../test/factories/dead-letters.ts';
import { type TestApi, useTestApi } from '../../../../test/helpers/api.ts';
import {
  outcomesOf,
  readOperation,
  runAll,
  startOperation,
} from '../../../../test/helpers/dead-letter-operations.ts';
import { testQueue, type TestSystem } from '../../../../test/helpers/system.ts';
import { createRunner } from './run.ts';

let system: TestSystem;
let api: TestApi;
const clock = { at: 1_700_000_000_000, now: () => clock.at };
const deps = () => ({ ...system, definitions: [testQueue], clock });
const never = new AbortController().signal;
useTestApi((made) => ({ system, api } = made));
beforeEach(async () => {
  await sql`TRUNCATE dead_letter_queue, dead_letter_retries, dead_letter_operations,
                     dead_letter_operation_entries, outbox`.execute(system.db);
});
afterEach(async () => {
  await sql`DROP FUNCTION IF EXISTS trouble CASCADE`.execute(system.db);
});

const many = (count: number): Promise<DeadLetterId[]> =>
  makeDeadLetters(
    system.db,
    Array.from({ length: count }, () => ({})),
  );

/** Lets a statement of a table come to a bad end, or take its time. */
async function makeTrouble(
  { event, on, each = 'ROW' }: { event: string; on: string; each?: 'ROW' | 'STATEMENT' },
  plpgsql: string,
): Promise<void> {
  const rows = each === 'ROW' ? '' : 'REFERENCING NEW TABLE AS rows';
  await sql
    .raw(`CREATE FUNCTION trouble() RETURNS trigger LANGUAGE plpgsql AS $$
          BEGIN ${plpgsql} RETURN NEW; END $$`)
    .execute(system.db);
  await sql
    .raw(`CREATE TRIGGER trouble ${each === 'ROW' ? 'BEFORE' : 'AFTER'} ${event} ON ${on} ${rows}
          FOR EACH ${each} EXECUTE FUNCTION trouble()`)
    .execute(system.db);
}
const raise = (condition: string, code = '57014'): string =>
  `IF ${condition} THEN RAISE EXCEPTION 'canceling statement' USING ERRCODE = '${code}'; END IF;`;

const failures = (id: string) =>
  system.log
    .find('dead_letter_operation_failed')
    .map(({ metadata }) => metadata)
    .filter(({ operation_id: of }) => of === id);

describe('an operation whose statements are cancelled', () => {
  test('is told by itself, and the others have their turns at full speed', async () => {
    const [bad, good] = [await many(1), await many(4_100)];
    const broken = await startOperation(api, { action: 'discard', ids: bad });
    const sound = await startOperation(api, { action: 'discard', ids: good });
    await makeTrouble({ event: 'UPDATE', on: 'dead_letter_queue' }, raise(`NEW.id = '${bad[0]}'`));
    const run = createRunner(deps());
    for (let round = 0; round < 3; round += 1) assert.equal(await run(never), 'worked');
    assert.equal((await readOperation(api, sound.id)).state, 'completed');
    assert.equal((await readOperation(api, broken.id)).state, 'running');
    assert.deepEqual(failures(broken.id), [
      { operation_id: broken.id, failures: 1, retry_in_ms: 1_000, reason: 'canceling statement' },
    ]);
  });

  test('is tried again after 1 s, 2 s, 4 s … and at most 60 s; the loop goes on meanwhile', async () => {
    const [bad] = await many(1);
    const { id } = await startOperation(api, { action: 'discard', ids: [bad] });
    await makeTrouble({ event: 'UPDATE', on: 'dead_letter_queue' }, raise('TRUE'));
    const run = createRunner(deps());
    await assert.rejects(run(never), /canceling statement/, 'a round in which nothing worked has failed');
    const waits: unknown[] = [];
    for (let n = 1; n <= 8; n += 1) {
      const waitMs = Number(failures(id).at(-1)?.retry_in_ms);
      waits.push(waitMs);
      clock.at += waitMs - 1;
      assert.equal(await run(never), 'nothing');
      clock.at += 1;
      await assert.rejects(run(never));
    }
    assert.deepEqual(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    await sql`DROP FUNCTION trouble CASCADE`.execute(system.db);
    clock.at += 60_000;
    assert.equal(await run(never), 'worked');
    assert.equal((await readOperation(api, id)).state, 'completed');
  });

  test('takes smaller batches until they fit, and larger ones again after a while', async () => {
    await many(300);
    const { id } = await startOperation(api, { action: 'discard', filter: {} });
    await makeTrouble(
      { event: 'UPDATE', on: 'dead_letter_queue', each: 'STATEMENT' },
      raise('(SELECT count(*) FROM rows) > 20'),
    );
    const run = createRunner(deps());
    for (const batch of [2_000, 200]) {
      await assert.rejects(run(never), /canceling statement/, `a batch of ${batch}`);
      clock.at += 2_000;
    }
    assert.equal(await run(never), 'worked');
    assert.equal((await readOperation(api, id)).processed, 20);
    await sql`DROP FUNCTION trouble CASCADE`.execute(system.db);
    for (let round = 0; round < 10; round += 1) await run(never);
    assert.equal((await readOperation(api, id)).processed, 240, 'ten of 20 and one of 40');
  });

  test('looks at fewer entries at a time until the walk fits', async () => {
    await many(300);
    const { id } = await startOperation(api, { action: 'discard', filter: {} });
    await sql`DELETE FROM dead_letter_operation_entries`.execute(system.db);
    await sql`UPDATE dead_letter_operations
                 SET state = 'selecting', matched = 0, selected_to_id = NULL, selected_to_failed_at = NULL`.execute(
      system.db,
    );
    await makeTrouble(
      { event: 'INSERT', on: 'dead_letter_operation_entries', each: 'STATEMENT' },
      raise('(SELECT count(*) FROM rows) > 100'),
    );
    const run = createRunner(deps());
    for (const lookedAt of [10_000, 1_000]) {
      await assert.rejects(run(never), /canceling statement/, `a walk along ${lookedAt}`);
      clock.at += 2_000;
    }
    await run(never);
    assert.equal((await readOperation(api, id)).matched, 100);
    while ((await run(never)) === 'worked');
    const { state, succeeded } = await readOperation(api, id);
    assert.deepEqual([state, succeeded], ['completed', 300]);
  });
});

test('a walk that takes long is left to the background, and the request is answered', async () => {
  const ids = await many(2);
  await makeTrouble({ event: 'INSERT', on: 'dead_letter_operation_entries' }, 'PERFORM pg_sleep(4);');
  const startedAt = performance.now();
  const asked = await startOperation(api, { action: 'discard', filter: {} });
  assert.ok(performance.now() - startedAt < 4_000);
  assert.deepEqual([asked.state, asked.matched], ['selecting', 0]);
  await sql`DROP FUNCTION trouble CASCADE`.execute(system.db);
  await runAll(deps());
  assert.deepEqual(await outcomesOf(api, asked.id), Object.fromEntries(ids.map((id) => [id, 'discarded'])));
});

test('when several fail one after another it is the database: the round ends', async () => {
  const ids = await many(5);
  const operations = [];
  for (const id of ids) operations.push(await startOperation(api, { action: 'discard', ids: [id] }));
  await makeTrouble({ event: 'UPDATE', on: 'dead_letter_queue' }, raise('TRUE', '57P01'));
  await assert.rejects(createRunner(deps())(never));
  assert.deepEqual(
    operations.map(({ id }) => failures(id).length),
    [1, 1, 1, 0, 0],
  );
});

test('many slow operations do not keep a later one waiting', async () => {
  const [slow, fast] = [await many(1), await many(2)];
  for (let n = 0; n < 60; n += 1) {
    await startOperation(api, { action: 'discard', ids: slow, rate_per_second: 1 });
  }
  const { id } = await startOperation(api, { action: 'discard', ids: fast });
  assert.equal(await createRunner(deps())(never), 'worked');
  assert.equal((await readOperation(api, id)).state, 'completed');
});

test('a discard that PostgreSQL refuses is no refused payload: it is tried again', async () => {
  const [first, refused] = await many(2);
  const { id } = await startOperation(api, { action: 'discard', ids: [first, refused] });
  await makeTrouble({ event: 'UPDATE', on: 'dead_letter_queue' }, raise(`NEW.id = '${refused}'`, '22000'));
  const run = createRunner(deps());
  await assert.rejects(run(never));
  assert.deepEqual(await outcomesOf(api, id), { [String(first)]: 'discarded', [String(refused)]: null });
  await sql`DROP FUNCTION trouble CASCADE`.execute(system.db);
  clock.at += 1_000;
  await run(never);
  assert.equal((await outcomesOf(api, id))[String(refused)], 'discarded');
});
