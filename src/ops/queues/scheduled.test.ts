import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { eventually } from '../../../test/helpers/eventually.ts';
import { captureLog } from '../../../test/helpers/log.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/postgres.ts';
import { startRedis, testRedisUrl, uniquePrefix } from '../../../test/helpers/redis.ts';
import { ENGINES } from '../../../test/helpers/system.ts';
import type { Engine } from '../../platform/engine/engine.ts';
import { createPostgresEngine } from '../../platform/engine/postgres.ts';
import { createRedisEngine } from '../../platform/engine/redis.ts';
import { createMetrics } from '../metrics/registry.ts';
import { scheduledQueue, scheduleTasks, taskProcessor, type ScheduledTask } from './scheduled.ts';
import type { JobContext } from './types.ts';
import { DEFAULT_WORKER_SETTINGS, startWorker } from './worker.ts';

const EVERY_SECOND = '* * * * * *';
const { logger } = captureLog();
const onError = (): void => undefined;

for (const kind of ENGINES) {
  describe(`tasks of the clock on ${kind}`, () => {
    let database: TestDatabase;
    let prefix: string;
    /** What ends the test's processes, the last first. */
    let endings: (() => Promise<void>)[];
    beforeEach(async () => {
      database = await createTestDatabase();
      prefix = uniquePrefix();
      endings = [];
    });
    afterEach(async () => {
      for (const end of endings.toReversed()) await end();
      await database.drop();
    });

    /** The engine as one more process has it. */
    async function openProcess(): Promise<Engine> {
      const engine =
        kind === 'redis'
          ? await createRedisEngine({ url: await testRedisUrl(), prefix, onError })
          : await createPostgresEngine({ connectionString: database.url, workers: 1, onError });
      endings.push(() => engine.close());
      return engine;
    }

    /** A worker in a process of its own. */
    async function openWorker(tasks: readonly ScheduledTask[]): Promise<void> {
      const engine = await openProcess();
      const metrics = createMetrics({ role: 'worker', version: '0', queues: ['scheduled'], logger });
      const worker = startWorker(scheduledQueue, taskProcessor(tasks), {
        ...{ engine, metrics, logger, workerName: 'test', settings: DEFAULT_WORKER_SETTINGS },
      });
      endings.push(() => worker.stop(1_000));
    }

    /** A task that notes its runs by the ids of their jobs. */
    function noted(cron = EVERY_SECOND, name = 'tick'): { task: ScheduledTask; ids: string[] } {
      const ids: string[] = [];
      const run = async ({ id }: JobContext<{ task: string }>): Promise<void> => {
        ids.push(id);
        await Promise.resolve();
      };
      return { task: { name, cron, run }, ids };
    }
    const nextRun = async (engine: Engine, name = 'tick'): Promise<number> =>
      (await engine.queue(scheduledQueue.name).getJobScheduler(name))?.next ?? Number.NaN;

    test('a due task runs once, however many processes registered it and workers wait for it', async () => {
      const { task, ids } = noted();
      const processes = await Promise.all([1, 2, 3, 4].map(openProcess));
      const registerAll = () => Promise.all(processes.map((engine) => scheduleTasks(engine, [task])));
      await registerAll();
      await Promise.all([openWorker([task]), openWorker([task]), openWorker([task])]);
      for (const runs of [1, 2, 3, 4]) {
        await eventually(() => ids.length >= runs, { what: `run ${runs}` });
        // A housekeeping process that is elected registers everything anew, at any moment.
        await registerAll();
      }
      assert.equal(new Set(ids).size, ids.length, 'each of the due times once');
      const times = ids.map((id) => Number(id.split(':').at(-1)));
      assert.ok(times.every((time) => time % 1_000 === 0));
      assert.ok(times.every((time, index) => index === 0 || time > (times[index - 1] ?? 0)));
    });

    test('the schedule outlives the processes that made it', async () => {
      const { task, ids } = noted();
      const first = await openProcess();
      await scheduleTasks(first, [task]);
      await first.close();
      endings.pop();
      await openWorker([task]);
      await eventually(() => ids.length >= 2, { what: 'two runs' });
    });

    test('a run that is due and waits for a worker is not lost when the task is registered again', async () => {
      const { task, ids } = noted();
      const processes = await Promise.all([1, 2].map(openProcess));
      await scheduleTasks(processes[0]!, [task]);
      const due = await nextRun(processes[0]!);
      await eventually(() => Date.now() > due + 1_000, { what: 'the run is due' });
      await Promise.all(processes.map((engine) => scheduleTasks(engine, [task])));
      assert.equal(await nextRun(processes[0]!), due);
      await openWorker([task]);
      await eventually(() => ids.length >= 2, { what: 'two runs' });
      assert.equal(ids[0], `repeat:tick:${due}`);
    });

    test('another time takes the place of the old one, and a task that is no more goes', async () => {
      const engine = await openProcess();
      const [tick, other] = [noted('0 3 * * *'), noted('0 4 * * *', 'other')];
      await scheduleTasks(engine, [tick.task, other.task]);
      assert.equal(new Date(await nextRun(engine)).getUTCHours(), 3, 'in UTC');
      await scheduleTasks(engine, [{ ...tick.task, cron: '30 5 * * *' }]);
      assert.equal(new Date(await nextRun(engine)).toISOString().slice(11, 16), '05:30');
      const queue = engine.queue(scheduledQueue.name);
      assert.deepEqual(
        (await queue.getJobSchedulers(0, 9)).map(({ key }) => key),
        ['tick'],
      );
      assert.equal(await queue.getDelayedCount(), 1, 'one run is planned');
    });

    test('is made anew in a queue that was emptied, and not touched otherwise', async () => {
      const engine = await openProcess();
      const { task } = noted('0 3 * * *');
      const queue = engine.queue(scheduledQueue.name);
      const planned = async () => (await queue.getDelayed()).map(({ id, timestamp }) => ({ id, timestamp }));
      await scheduleTasks(engine, [task]);
      const first = await planned();
      assert.equal(first.length, 1);
      await scheduleTasks(engine, [task]);
      assert.deepEqual(await planned(), first);
      await queue.obliterate({ force: true });
      assert.deepEqual(await planned(), []);
      await scheduleTasks(engine, [task]);
      assert.equal((await planned()).length, 1);
    });
  });
}

test('a schedule outlives a restart of the Redis that it is in', async () => {
  const redis = await startRedis(['--appendonly', 'yes', '--appendfsync', 'always']);
  const open = () => createRedisEngine({ url: redis.url, prefix: 'restart', onError });
  try {
    const before = await open();
    await scheduleTasks(before, [{ name: 'nightly', cron: '0 3 * * *', run: () => Promise.resolve() }]);
    await before.close();
    await redis.restart();
    const after = await open();
    const queue = after.queue(scheduledQueue.name);
    assert.equal((await queue.getJobScheduler('nightly'))?.pattern, '0 3 * * *');
    assert.equal(await queue.getDelayedCount(), 1);
    await after.close();
  } finally {
    await redis.stop();
  }
});

test('a job that names no task fails, and says which', async () => {
  const job = { payload: { task: 'no_such' } } as JobContext<{ task: string }>;
  await assert.rejects(taskProcessor([])(job), /No scheduled task is named no_such/);
});
