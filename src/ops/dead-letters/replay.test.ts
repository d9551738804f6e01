import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { sql } from 'kysely';
import type { DeadLetterId } from '../../../contract/ids.ts';
import { makeDeadLetter } from '../../../test/factories/dead-letters.ts';
import { type TestApi, useTestApi } from '../../../test/helpers/api.ts';
import { runAll, startOperation } from '../../../test/helpers/dead-letter-operations.ts';
import { eventually } from '../../../test/helpers/eventually.ts';
import { testQueue, type TestSystem } from '../../../test/helpers/system.ts';
import { relayBatch } from '../outbox/relay.ts';

let system: TestSystem;
let api: TestApi;
useTestApi((made) => ({ system, api } = made));
beforeEach(async () => {
  await sql`TRUNCATE dead_letter_queue, dead_letter_retries, dead_letter_operations,
                     dead_letter_operation_entries, outbox`.execute(system.db);
});

describe('a dead job that was to leave no trace', () => {
  const retries: Record<string, (id: DeadLetterId) => Promise<unknown>> = {
    'one by one': (id) => api.call('POST', `/api/v1/admin/queues/dlq/${id}/retry`),
    'in bulk': async (id) => {
      await startOperation(api, { action: 'retry', ids: [id] });
      await runAll({ ...system, definitions: [testQueue] });
    },
  };
  for (const [how, retry] of Object.entries(retries)) {
    test(`is retried ${how} as a job that keeps its id: it runs once, though the engine starts anew`, async () => {
      const id = await makeDeadLetter(system.db, { options: { attempts: 3, removeOnComplete: true } });
      await retry(id);
      await relayBatch(system);
      const ran: string[] = [];
      const worker = system.work(testQueue, (job) => {
        ran.push(job.id);
        return Promise.resolve();
      });
      const settled = async (times: number): Promise<void> => {
        await eventually(async () => {
          const { waiting, active } = await system.engine.queue(testQueue.name).getJobCounts();
          return ran.length >= times && waiting === 0 && active === 0;
        });
      };
      await settled(1);
      await relayBatch({ ...system, engine: { ...system.engine, incarnation: () => Promise.resolve(how) } });
      await settled(1);
      await worker.stop(1_000);
      assert.deepEqual(ran, [`retry-${id}`]);
    });
  }
});
