/** Lists, by page and by cursor, and the counts beside them. */
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import {
  deadLetterListQuery,
  deadLetterListResponse,
  type DeadLetterListQuery,
} from '../../contract/dead-letters.ts';
import { deadLetterId } from '../../contract/ids.ts';
import { encodeCursor } from '../../src/ops/dead-letters/cursor.ts';
import { list } from '../../src/ops/dead-letters/list.ts';
import { countByQueue, countExpiring, keptTotal } from '../../src/ops/dead-letters/tallies.ts';
import { PATH } from '../../src/ops/dead-letters/view.ts';
import { adminToken } from '../../test/helpers/access.ts';
import { startRole } from '../../test/helpers/processes.ts';
import type { BenchDatabase } from './database.ts';
import { measure, report, type Measured } from './measure.ts';
import { LARGEST_QUEUE, SEEDED_FOR_MS, SMALLEST_QUEUE, STORM_QUEUE } from './seed.ts';

const ROUNDS = 300;
const LIST_TARGET = { share: 0.99, ms: 10 } as const;
const COUNT_TARGET = { share: 0.99, ms: 5 } as const;
/** How many changes wait at most between two rounds of settling, in a storm. */
const UNSETTLED = 20_000;

type Query = Partial<Record<keyof DeadLetterListQuery, string>>;
/** A query for each round. */
type Queries = Record<string, (round: number) => Query>;

interface Names {
  queues: string[];
  /** Ids, from the largest to the smallest. */
  groups: string[];
}

export async function benchReads(database: BenchDatabase): Promise<boolean> {
  const { db, now, pid } = database;
  const names = await readNames(database);
  const measured = (queries: Queries): Measured[] =>
    Object.entries(queries).map(([name, query]) => ({
      name,
      run: (round) => list(db, deadLetterListQuery.parse(query(round)), now),
    }));
  const pages = await measure(measured(firstPages(names)), { pid, rounds: ROUNDS });
  let met = report('list, first page (the call of the store)', pages, LIST_TARGET);
  const deep = await measure(measured(byCursor(names, now)), { pid, rounds: ROUNDS });
  met = report('list by cursor, anywhere (the call of the store)', deep, LIST_TARGET) && met;
  met = (await benchCounts(database, names)) && met;
  await overHttp(database, { ...firstPages(names), ...byCursor(names, now) });
  await mute(database, names);
  const muted = await measure(measured(mutedPages(names, now)), { pid, rounds: ROUNDS });
  return report('the same while a storm and 40 groups are muted', muted, LIST_TARGET) && met;
}

async function readNames({ db }: BenchDatabase): Promise<Names> {
  const { rows } = await sql<{ scope: string; queue_name: string; group_id: string }>`
    SELECT scope, queue_name, group_id FROM dead_letter_tallies WHERE scope IN ('queue', 'group')
     ORDER BY entries DESC`.execute(db);
  const of = (scope: string) => rows.filter((row) => row.scope === scope);
  return {
    queues: of('queue').map(({ queue_name }) => queue_name),
    groups: of('group').map(({ group_id }) => group_id),
  };
}

/** One of them for each round, all over the list. */
const some = (names: readonly string[], round: number): string => names[(round * 7_919) % names.length] ?? '';

/** Each in all three states. */
function inStates(of: Record<string, (round: number) => Query>): Queries {
  const states = { false: 'unresolved', true: 'resolved', all: 'both' };
  return Object.fromEntries(
    Object.entries(of).flatMap(([name, query]) =>
      Object.entries(states).map(([resolved, state]) => [
        `${name}, ${state}`,
        (round: number): Query => ({ ...query(round), resolved }),
      ]),
    ),
  );
}

function firstPages({ queues, groups }: Names): Queries {
  const [largest = '', smallest = ''] = [groups[0], groups.at(-1)];
  return {
    ...inStates({
      'all queues': () => ({}),
      'largest queue': () => ({ queue: LARGEST_QUEUE }),
      'smallest queue': () => ({ queue: SMALLEST_QUEUE }),
      'any queue': (round) => ({ queue: some(queues, round) }),
      'largest group': () => ({ group: largest }),
      'smallest group': () => ({ group: smallest }),
      'any group': (round) => ({ group: some(groups, round) }),
    }),
    'any queue, 200 entries': (round) => ({ queue: some(queues, round), limit: '200' }),
  };
}

/** Positions need no entry: a page begins after them all the same. */
function cursorAt(now: Date, share: number): string {
  const failedAtUs = String(Math.round((now.getTime() - share * SEEDED_FOR_MS) * 1_000));
  return encodeCursor({ failedAtUs, id: deadLetterId.parse(randomUUID()) });
}

function byCursor({ queues, groups }: Names, now: Date): Queries {
  const [largest = ''] = groups;
  const anywhere = (): Query => ({ cursor: cursorAt(now, Math.random()) });
  const oldest = (): Query => ({ cursor: cursorAt(now, 0.999) });
  return inStates({
    'all queues': anywhere,
    'all queues, last hours': oldest,
    'largest queue': () => ({ ...anywhere(), queue: LARGEST_QUEUE }),
    'any queue': (round) => ({ ...anywhere(), queue: some(queues, round) }),
    'any queue, last hours': (round) => ({ ...oldest(), queue: some(queues, round) }),
    'largest group': () => ({ ...anywhere(), group: largest }),
    'any group': (round) => ({ ...anywhere(), group: some(groups, round) }),
  });
}

function mutedPages({ queues }: Names, now: Date): Queries {
  return {
    'all queues': () => ({}),
    'any queue': (round) => ({ queue: some(queues, round) }),
    'queue of the storm': () => ({ queue: STORM_QUEUE }),
    'queue of the storm, with muted': () => ({ queue: STORM_QUEUE, muted: 'all' }),
    'muted alone': () => ({ muted: 'true' }),
    'muted alone, any queue': (round) => ({ muted: 'true', queue: some(queues, round) }),
    'all queues, by cursor': () => ({ cursor: cursorAt(now, Math.random()) }),
    'queue of the storm, by cursor': () => ({ queue: STORM_QUEUE, cursor: cursorAt(now, Math.random()) }),
  };
}

async function benchCounts({ db, now, pid }: BenchDatabase, { queues, groups }: Names): Promise<boolean> {
  const total = (query: (round: number) => Query) => (round: number) =>
    keptTotal(db, deadLetterListQuery.parse(query(round)));
  const counts: Measured[] = [
    { name: 'dlq_size and failed_last_hour', run: () => countByQueue(db, now) },
    { name: 'those that expire within 3 days', run: () => countExpiring(db, now) },
    { name: 'total of all queues', run: total(() => ({})) },
    {
      name: 'total of any queue, both states',
      run: total((round) => ({ queue: some(queues, round), resolved: 'all' })),
    },
    { name: 'total of any group', run: total((round) => ({ group: some(groups, round) })) },
  ];
  const settled = await measure(counts, { pid, rounds: ROUNDS });
  const met = report(`counts of ${queues.length} queues`, settled, COUNT_TARGET);
  // Changes that come to nothing in the sum; as many of each of the five scopes, as triggers append them.
  const ofScope = UNSETTLED / 5 / 2;
  await sql`
    INSERT INTO dead_letter_tally_changes (scope, queue_name, group_id, at, entries)
    SELECT scope, queue_name, group_id, at, sign
      FROM (SELECT *, row_number() OVER (PARTITION BY scope ORDER BY random()) AS nth,
                   count(*) OVER (PARTITION BY scope) AS known FROM dead_letter_tallies) AS tally
     CROSS JOIN generate_series(0, ${ofScope}::int / 100) AS turn (nth)
     CROSS JOIN (VALUES (1), (-1)) AS change (sign)
     WHERE tally.nth + turn.nth * known <= ${ofScope}::int
     ORDER BY random()`.execute(db);
  const unsettled = await measure(counts, { pid, rounds: 100 });
  report(
    `the same with ${UNSETTLED.toLocaleString('en')} changes not settled yet, as in a storm`,
    unsettled,
    COUNT_TARGET,
  );
  await sql`TRUNCATE dead_letter_tally_changes`.execute(db);
  return met;
}

async function mute({ db }: BenchDatabase, { groups }: Names): Promise<void> {
  const some40 = groups.filter((_, index) => index % 50 === 3);
  await sql`
    UPDATE dead_letter_groups SET muted_at = now(), muted_by = gen_random_uuid()
     WHERE id = ANY (${some40}::uuid[]) OR id = md5('group ' || 777)::uuid`.execute(db);
}

/** What a client sees: the role `api` in a process of its own, HTTP, the guard and the check of the answer. */
async function overHttp({ db, url }: BenchDatabase, queries: Queries): Promise<void> {
  const api = await startRole('api', { env: { DATABASE_URL: url, FMHL_SHUTDOWN_DRAIN_MS: '0' } });
  try {
    const headers = { authorization: `Bearer ${await adminToken(db)}` };
    const get = async (query: Query): Promise<void> => {
      const answer = await fetch(`${api.url}${PATH}?${new URLSearchParams(query).toString()}`, { headers });
      deadLetterListResponse.parse(await answer.json());
    };
    const all = Object.values(queries);
    const calls = [
      {
        name: 'any of the lists above',
        run: async (round: number) => get(all[round % all.length]?.(round) ?? {}),
      },
    ];
    const times = await measure(calls, { pid: 0, rounds: ROUNDS * 3, warmUp: 100 });
    report('to a client of the API (another process), for comparison', times, LIST_TARGET);
  } finally {
    await api.stop();
  }
}
