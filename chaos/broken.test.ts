/** The accounting watches: a product that is broken on purpose is found out. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { sql } from 'kysely';
import { captureQueue, type CaptureDeps } from '../src/ops/dead-letters/capture.ts';
import { createSetAside } from '../src/ops/dead-letters/set-aside.ts';
import { enqueueIn } from '../src/ops/outbox/enqueue-in.ts';
import { relayBatch } from '../src/ops/outbox/relay.ts';
import { eventually } from '../test/helpers/eventually.ts';
import { createTestSystem, type TestSystem } from '../test/helpers/system.ts';
import { account, type Account, type AcceptedJob } from './accounting.ts';
import { acceptedByOutbox, accept, createLedger } from './ledger.ts';
import { collectStock } from './facts.ts';
import { processor, workQueue, type Kind } from './queues.ts';

const QUEUE = workQueue.name;
const JOBS = 5;

describe('the accounting of a system', () => {
  let system: TestSystem;
  before(async () => {
    system = await createTestSystem('redis', { queues: [QUEUE] });
    await createLedger(system.db);
    system.work(workQueue, processor);
  });
  after(() => system.close());
  beforeEach(async () => {
    await sql`TRUNCATE chaos.accepted, outbox, dead_letter_queue CASCADE`.execute(system.db);
    await system.engine.queue(QUEUE).obliterate({ force: true });
  });

  /** Jobs that are accepted, handed over, run, and dead or completed. */
  async function settled(kind: Kind): Promise<void> {
    await system.db.transaction().execute(async (tx) => {
      for (let n = 0; n < JOBS; n += 1) {
        const jobId = `${kind}-${n}`;
        await accept(tx, { queue: QUEUE, jobId });
        await enqueueIn(tx, workQueue, { kind, ms: 0 }, { correlationId: null, jobId });
      }
    });
    await relayBatch(system);
    const state = kind === 'succeed' ? 'completed' : 'failed';
    await eventually(
      async () => (await system.engine.queue(QUEUE).getRanges([state], 0, -1)).length === JOBS,
    );
  }
  const capture = async (broken: Partial<CaptureDeps> = {}): Promise<number> => {
    const deps = { ...system, setAside: createSetAside(system), ...broken };
    return (await captureQueue(QUEUE, deps, new AbortController().signal)).captured;
  };
  async function close(more: AcceptedJob[] = []): Promise<Account> {
    const stock = await collectStock(system.db, system.engine, [QUEUE]);
    const accepted = [...(await acceptedByOutbox(system.db)), ...more];
    return account({ ...stock, accepted, acknowledgedRetries: [] });
  }

  test('closes to zero while nothing is broken', async () => {
    await settled('unrecoverable');
    assert.equal(await capture(), JOBS);
    const { accepted, deadUnresolved, findings } = await close();
    assert.deepEqual([accepted, deadUnresolved, findings], [JOBS, JOBS, []]);
  });

  test('finds the jobs of a capture that removes and does not insert', async () => {
    await settled('unrecoverable');
    // Whatever is written is rolled back, and nobody is told.
    const db = new Proxy(system.db, {
      get: (target, name, receiver) =>
        name === 'transaction'
          ? () => ({ execute: () => Promise.resolve([]) })
          : (Reflect.get(target, name, receiver) as unknown),
    });
    await capture({ db });
    const { lost, doubled, findings } = await close();
    assert.deepEqual([lost, doubled], [JOBS, 0]);
    assert.deepEqual(new Set(findings.map(({ kind }) => kind)), new Set(['lost']));
  });

  test('finds the jobs of a capture that inserts and does not remove', async () => {
    await settled('unrecoverable');
    await capture({ engine: { ...system.engine, removeFailed: () => Promise.resolve(0) } });
    const { lost, doubled } = await close();
    assert.deepEqual([lost, doubled], [0, JOBS]);
  });

  test('finds the jobs that are dead and never captured', async () => {
    await settled('unrecoverable');
    const { findings } = await close();
    assert.deepEqual(new Set(findings.map(({ kind }) => kind)), new Set(['not_captured']));
  });

  test('finds a job of an outbox row that a relay deleted without handing it over', async () => {
    await settled('succeed');
    await system.engine.queue(QUEUE).remove('succeed-0');
    const { lost, findings } = await close();
    assert.deepEqual([lost, findings[0]?.jobId], [1, 'succeed-0']);
  });

  test('finds the death of a job that was captured under two times', async () => {
    await settled('unrecoverable');
    await capture();
    await sql`
      INSERT INTO dead_letter_queue (queue_name, job_id, job_name, group_id, failed_at)
      SELECT queue_name, job_id, job_name, group_id, failed_at + interval '1 ms' FROM dead_letter_queue LIMIT 1`.execute(
      system.db,
    );
    const { lost, doubled, findings } = await close();
    assert.deepEqual([lost, doubled, findings[0]?.kind], [0, 1, 'captured_twice']);
  });
});
