/** What people see of addresses and names that error messages quote. */
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { sql } from 'kysely';
import { z } from 'zod';
import { groupListResponse } from '../../../contract/dead-letter-groups.ts';
import { deadLetterDetail, deadLetterListResponse } from '../../../contract/dead-letters.ts';
import { makeDeadLetter, type MakeDeadLetter } from '../../../test/factories/dead-letters.ts';
import { adminToken } from '../../../test/helpers/access.ts';
import { type TestApi, useTestApi } from '../../../test/helpers/api.ts';
import { testQueue, type TestSystem } from '../../../test/helpers/system.ts';
import { defineQueue } from '../queues/definition.ts';
import { MASKED } from '../queues/masking.ts';

const DLQ = '/api/v1/admin/queues/dlq';
type Tree = { child?: Tree | undefined };
const tree: z.ZodType<Tree> = z.lazy(() => z.object({ child: tree.optional() }));
const people = defineQueue({
  ...testQueue,
  name: 'people',
  payload: z.object({ to: z.string(), name: z.string(), tree: tree.optional() }),
  personal: ['to', 'name'],
});
/** Twice with one address that the payload has, in another case, and one that it has not. */
const ERROR = '550 wrong@example.com, not right@person.example (+49 30 1234567) at mx1.example.com, job 4711';
const CLEAN = `550 ${MASKED}, not ${MASKED} (${MASKED}) at mx1.example.com, job 4711`;
const letter: MakeDeadLetter = {
  queueName: people.name,
  payload: { to: 'Wrong@Example.com', name: 'Ada Lovelace' },
  errorMessage: ERROR,
  stackTrace: `Error: ${ERROR}\n    at send (/app/src/send.ts:1:1)`,
};

let system: TestSystem;
let api: TestApi;
useTestApi((made) => ({ system, api } = made), [testQueue, people]);
beforeEach(async () => {
  await sql`TRUNCATE dead_letter_queue, dead_letter_groups, dead_letter_retries`.execute(system.db);
});

const make = (given: MakeDeadLetter = {}) => makeDeadLetter(system.db, { ...letter, ...given });
const read = async (path: string): Promise<unknown> => {
  const { status, body } = await api.call('GET', `${DLQ}${path}`);
  assert.equal(status, 200, JSON.stringify(body));
  return body;
};
const detail = async (id: string, query = '') => deadLetterDetail.parse(await read(`/${id}${query}`));

describe('addresses and numbers in an error message are masked, hosts and ids are not:', () => {
  test('in a list', async () => {
    await make();
    const { entries } = deadLetterListResponse.parse(await read(''));
    assert.deepEqual(
      entries.map((entry) => entry.error_message),
      [CLEAN],
    );
  });

  test('in the sample of a group, and in the message of one that was grouped by it', async () => {
    await make();
    await sql`UPDATE dead_letter_groups SET message = ${ERROR}`.execute(system.db);
    const [group] = groupListResponse.parse(await read('/groups')).groups;
    assert.deepEqual([group?.message, group?.sample?.error_message], [CLEAN, CLEAN]);
  });

  test('in an export', async () => {
    await make();
    const { body } = await api.app.inject({
      method: 'GET',
      url: `${DLQ}/export`,
      headers: { authorization: `Bearer ${await adminToken(system.db)}` },
    });
    assert.equal((JSON.parse(body) as { error_message: string }).error_message, CLEAN);
  });

  test('in the masked detail, its stack trace and its relatives, also by an edited retry', async () => {
    const first = await make({ resolution: 'retried' });
    const diff = [{ op: 'replace', path: '/payload/name', value: 'Grace Hopper' }];
    await sql`
      INSERT INTO dead_letter_retries (dead_letter_id, queue_name, group_id, job_id, made_at, diff)
      SELECT id, queue_name, group_id, 'retry-1', now(), ${JSON.stringify(diff)}
        FROM dead_letter_queue WHERE id = ${first}`.execute(system.db);
    const again = 'no GRACE HOPPER at right@person.example';
    const second = await make({ retryOf: first, errorMessage: again });
    const entry = await detail(first, '?masked=true');
    assert.deepEqual(
      [entry.error_message, entry.stack_trace, entry.followers[0]?.error_message],
      [CLEAN, `Error: ${CLEAN}\n    at send (/app/src/send.ts:1:1)`, `no ${MASKED} at ${MASKED}`],
    );
    assert.equal((await detail(second, '?masked=true')).ancestors[0]?.error_message, CLEAN);
    const full = await detail(first);
    assert.deepEqual(
      [full.error_message, full.stack_trace, full.followers[0]?.error_message],
      [ERROR, letter.stackTrace, again],
    );
  });

  test('where the payload is only text, or has nothing personal', async () => {
    const deep = await make();
    await sql`UPDATE dead_letter_queue SET payload = NULL, payload_text = '[["Ada Lovelace"]]',
                     error_message = error_message || ' Ada Lovelace'`.execute(system.db);
    const entry = await detail(deep, '?masked=true');
    assert.equal(entry.error_message, `${CLEAN} ${MASKED}`);
    assert.doesNotMatch(entry.stack_trace ?? '', /@/);
    const plain = await make({ queueName: testQueue.name, payload: {} });
    const { masked, error_message: message } = await detail(plain, '?masked=true');
    assert.deepEqual([masked, message], [true, CLEAN]);
  });
});

test('a payload too deep for its schema is said to be so in the words of a retry', async () => {
  const deep = await make();
  const text = `{"to":"x","name":"y","tree":${'{"child":'.repeat(20_000)}{}${'}'.repeat(20_000)}}`;
  await sql`UPDATE dead_letter_queue SET payload = NULL, payload_text = ${text}`.execute(system.db);
  assert.deepEqual((await detail(deep)).payload_problems, [
    { field: 'payload', message: 'is nested too deeply' },
  ]);
});
