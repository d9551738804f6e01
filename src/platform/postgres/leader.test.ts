import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { after, afterEach, before, describe, test } from 'node:test';
import { endChild, spawnChild } from '../../../test/helpers/children.ts';
import { eventually } from '../../../test/helpers/eventually.ts';
import { captureLog, type CapturedLog } from '../../../test/helpers/log.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/postgres.ts';
import { campaign, type Leadership } from './leader.ts';
import { createPool } from './pool.ts';

interface Candidate {
  leading: boolean;
  elections: number;
  /** Elections whose work has not ended. */
  working: number;
  onElection: () => void;
  /** How long its work takes to end. */
  workEnds: () => Promise<unknown>;
  log: CapturedLog;
  stop: () => Promise<void>;
}

let database: TestDatabase;
const candidates: Candidate[] = [];
before(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  await Promise.all(candidates.splice(0).map((candidate) => candidate.stop()));
});
after(() => database.drop());

/** A process of its own as far as the database can tell: it has a pool of its own. */
function stand(name: string, onElection: () => void = () => undefined): Candidate {
  const log = captureLog();
  const pool = createPool({
    connectionString: database.url,
    applicationName: `candidate-${name}`,
    max: 2,
    onError: () => undefined,
  });
  let leadership: Leadership | undefined;
  const candidate: Candidate = {
    leading: false,
    elections: 0,
    working: 0,
    onElection,
    workEnds: () => Promise.resolve(),
    log,
    stop: async () => {
      if (leadership === undefined) return;
      const ending = leadership.stop();
      leadership = undefined;
      await ending;
      await pool.end();
    },
  };
  leadership = campaign({
    pool,
    name,
    onChange: (leading) => (candidate.leading = leading),
    onElected: () => {
      candidate.onElection();
      candidate.elections += 1;
      candidate.working += 1;
      return {
        stop: async () => {
          await candidate.workEnds();
          candidate.working -= 1;
        },
      };
    },
    logger: log.logger,
  });
  candidates.push(candidate);
  return candidate;
}

/** A candidate in a process that can be stopped and killed. It prints `elected` and `ended`. */
function standInAnotherProcess(name: string): { process: ChildProcess; output: () => string } {
  const url = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href);
  const code = `
    import { createLogger } from ${url('../logging/logger.ts')};
    import { campaign } from ${url('./leader.ts')};
    import { createPool } from ${url('./pool.ts')};
    const print = (text) => process.stdout.write(text + '\\n');
    const connectionString = ${JSON.stringify(database.url)};
    campaign({
      pool: createPool({ connectionString, applicationName: 'child', max: 2, onError: () => undefined }),
      name: ${JSON.stringify(name)},
      onChange: () => undefined,
      onElected: () => { print('elected'); return { stop: async () => print('ended') }; },
      logger: createLogger({ level: 'fatal', role: 'housekeeping', version: 'test' }),
    });`;
  const child = spawnChild(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', code]);
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return { process: child, output: () => output };
}

/** Two candidates of which one leads. */
async function election(): Promise<{ leader: Candidate; other: Candidate; name: string }> {
  const name = randomUUID();
  const [first, second] = [stand(name), stand(name)];
  await eventually(() => first.leading || second.leading);
  return first.leading ? { leader: first, other: second, name } : { leader: second, other: first, name };
}

async function connectionsOf(name: string): Promise<{ pid: number; state: string }[]> {
  const { rows } = await database.pool.query<{ pid: number; state: string }>(
    'SELECT pid, state FROM pg_stat_activity WHERE application_name = $1',
    [`candidate-${name}`],
  );
  return rows;
}

/** The connection that holds the lock. */
async function leaderConnection(name: string): Promise<number> {
  const { rows } = await database.pool.query<{ pid: number }>(
    `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid::bigint = (hashtext($1)::bigint & 4294967295)
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    [name],
  );
  assert.equal(rows.length, 1);
  return rows[0]?.pid ?? 0;
}

/** When the candidate of that name that is not on the given connection last asked anything. */
async function lastStatement(name: string, exceptPid: number): Promise<number> {
  const { rows } = await database.pool.query<{ at: Date }>(
    'SELECT query_start AS at FROM pg_stat_activity WHERE application_name = $1 AND pid <> $2',
    [`candidate-${name}`, exceptPid],
  );
  return rows[0]?.at.getTime() ?? 0;
}

describe('leadership', () => {
  test('goes to one of two candidates', async () => {
    const { leader, other, name } = await election();
    // The other has asked, and been refused.
    await eventually(async () => (await connectionsOf(name)).length === 2);
    assert.deepEqual([leader.leading, leader.working, other.leading, other.working], [true, 1, false, 0]);
    assert.equal(leader.log.find('leader_elected').length, 1);
    assert.equal(other.log.find('leader_elected').length, 0);
  });

  test('of one name does not concern candidates of another', async () => {
    const [one, two] = [stand(randomUUID()), stand(randomUUID())];
    await eventually(() => one.leading && two.leading);
  });

  test('is handed over on stop, after the work has ended', async () => {
    const { leader, other, name } = await election();
    const events: string[] = [];
    other.onElection = () => events.push(`elected with ${leader.working} at work`);
    // The work takes until the other has asked for the lock once more.
    const asked = await lastStatement(name, await leaderConnection(name));
    leader.workEnds = () =>
      eventually(
        async () => other.leading || (await lastStatement(name, await leaderConnection(name))) > asked,
      );
    await leader.stop();
    assert.deepEqual([leader.leading, leader.working], [false, 0]);
    await eventually(() => other.leading);
    assert.deepEqual(events, ['elected with 0 at work']);
    assert.equal(other.working, 1);
    assert.equal(leader.log.find('leader_lost')[0]?.metadata['stopping'], true);
  });

  test('is denied from the moment that the work is asked to end', async () => {
    const { leader } = await election();
    let leadsMeanwhile: boolean | undefined;
    leader.workEnds = () => Promise.resolve((leadsMeanwhile = leader.leading));
    await leader.stop();
    assert.equal(leadsMeanwhile, false);
  });

  for (const [work, workEnds] of [
    ['never ends', () => new Promise<never>(() => undefined)],
    ['fails to end', () => Promise.reject(new Error('it broke'))],
  ] satisfies [string, Candidate['workEnds']][]) {
    test(`whose work ${work} is handed over within 10 s, and its process can stop`, async () => {
      const { leader, other } = await election();
      leader.workEnds = workEnds;
      const stoppedAt = performance.now();
      await leader.stop();
      await eventually(() => other.leading);
      assert.ok(performance.now() - stoppedAt < 10_000);
      const [lost] = leader.log.find('leader_lost');
      assert.equal(lost?.level, 'error');
      assert.match(String(lost.metadata['reason']), /did not answer within 5000 ms|it broke/);
    });
  }

  test('passes on within 10 s when the connection of the leader is cut, whose work then ends', async () => {
    const { leader, other, name } = await election();
    const cutAt = performance.now();
    await database.pool.query('SELECT pg_terminate_backend($1)', [await leaderConnection(name)]);
    await eventually(() => leader.working === 0 || leader.elections === 2, { timeoutMs: 10_000 });
    await eventually(() => other.leading || leader.elections === 2, { timeoutMs: 10_000 });
    assert.ok(performance.now() - cutAt < 10_000);
    assert.equal(leader.working + other.working, 1);
    const lost = leader.log.find('leader_lost');
    assert.equal(lost.length, 1);
    assert.equal(lost[0]?.metadata['stopping'], false);
  });

  test('can come back to who lost it', async () => {
    const name = randomUUID();
    const candidate = stand(name);
    await eventually(() => candidate.leading);
    await database.pool.query('SELECT pg_terminate_backend($1)', [await leaderConnection(name)]);
    await eventually(() => candidate.elections === 2 && candidate.leading);
    assert.equal(candidate.working, 1);
  });

  test('is taken within 10 s from a process that is stopped, though its connection stays', async () => {
    const name = randomUUID();
    const child = standInAnotherProcess(name);
    await eventually(() => child.output().includes('elected'), { what: 'the child leads' });
    const other = stand(name);
    child.process.kill('SIGSTOP');
    const stoppedAt = performance.now();
    await eventually(() => other.leading, { timeoutMs: 10_000 });
    assert.ok(performance.now() - stoppedAt < 10_000);
    // When it goes on, it finds out that it leads no more and ends its work.
    child.process.kill('SIGCONT');
    await eventually(() => child.output().includes('ended'), { what: 'the work of the child ends' });
    assert.ok(other.leading);
    await endChild(child.process, 'SIGKILL');
  });

  test('passes on at once when the process of the leader is killed', async () => {
    const name = randomUUID();
    const child = standInAnotherProcess(name);
    await eventually(() => child.output().includes('elected'), { what: 'the child leads' });
    const other = stand(name);
    await endChild(child.process, 'SIGKILL');
    await eventually(() => other.leading, { timeoutMs: 5_000 });
  });

  test('that can not begin its work is given up, and tried again', async () => {
    let failures = 1;
    const candidate = stand(randomUUID(), () => {
      if (failures > 0) {
        failures -= 1;
        throw new Error('not yet');
      }
    });
    await eventually(() => candidate.working === 1);
    assert.equal(candidate.leading, true);
    assert.equal(candidate.log.find('leader_lost').length, 1);
  });

  test('holds no snapshot that would hold up vacuum', async () => {
    const { name } = await election();
    const pid = await leaderConnection(name);
    await eventually(async () => {
      const { rows } = await database.pool.query<{ idle: boolean; xmin: string | null }>(
        "SELECT state = 'idle in transaction' AS idle, backend_xmin::text AS xmin FROM pg_stat_activity WHERE pid = $1",
        [pid],
      );
      return rows[0]?.idle === true && rows[0].xmin === null;
    });
  });
});

describe('a candidate', () => {
  test('goes on when the database is away, and stops all the same', async () => {
    const log = captureLog();
    const pool = createPool({
      connectionString: 'postgres://nobody@127.0.0.1:1/none',
      applicationName: 'candidate-away',
      max: 1,
      onError: () => undefined,
    });
    const leadership = campaign({
      pool,
      name: 'away',
      onChange: () => undefined,
      onElected: () => assert.fail('nobody can be elected'),
      logger: log.logger,
    });
    await eventually(() => log.find('database_error').length >= 2);
    await leadership.stop();
    await pool.end();
  });

  test('gives every connection back to the pool when it stops', async () => {
    const name = randomUUID();
    const candidate = stand(name);
    await eventually(() => candidate.leading);
    await candidate.stop();
    await eventually(async () => (await connectionsOf(name)).length === 0);
  });
});
