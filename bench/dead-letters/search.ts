/** Search in error messages, with the number of matches that goes with each page. */
import { deadLetterListQuery, type DeadLetterListQuery } from '../../contract/dead-letters.ts';
import { list } from '../../src/ops/dead-letters/list.ts';
import { say } from '../figures.ts';
import type { BenchDatabase } from './database.ts';
import { measure, report } from './measure.ts';
import { LARGEST_QUEUE, RARE_TEXT, SMALLEST_QUEUE } from './seed.ts';

const ROUNDS = 100;
const TARGET = { share: 0.95, ms: 200 } as const;

const SEARCHES: Record<string, Partial<Record<keyof DeadLetterListQuery, string>>> = {
  'a word of every tenth': { error: 'ETIMEDOUT' },
  'a word of every fifth': { error: 'after 30000 ms' },
  'several words of every tenth': { error: 'no provider left in niche' },
  'three characters of nearly all': { error: 'con' },
  'half a number': { error: '79190' },
  'an address': { error: '10.3.77.17:5432' },
  'common words, one rare': { error: 'on account 77' },
  'one entry': { error: RARE_TEXT },
  'nothing, of rare characters': { error: 'xylophone quartz' },
  'nothing, of common words': { error: 'refused by the provider: insufficient niche' },
  'nothing, of common characters': { error: 'the account the account' },
  'a word, in the largest queue': { error: 'insufficient funds', queue: LARGEST_QUEUE },
  'a word, in the smallest queue': { error: 'insufficient funds', queue: SMALLEST_QUEUE },
  'a word, of three days': { error: 'ENOTFOUND', from: '3' },
  'resolved, a word of every tenth': { error: 'ETIMEDOUT', resolved: 'true' },
};
/** No index has the texts of resolved entries (migration 0009): these are read, and it shows. */
const UNINDEXED = { 'resolved, one word of none': { error: 'xylophone quartz', resolved: 'true' } };

export async function benchSearch({ db, now, pid, rows }: BenchDatabase): Promise<boolean> {
  const searches = (of: typeof SEARCHES) =>
    Object.entries(of).map(([name, { from, ...rest }]) => {
      const since = from === undefined ? {} : { from: daysBefore(now, Number(from)) };
      return { name, run: () => list(db, deadLetterListQuery.parse({ ...rest, ...since }), now) };
    });
  const found = await measure(searches(SEARCHES), { pid, rounds: ROUNDS, warmUp: 3 });
  const met = report(
    `search in ${rows.toLocaleString('en')} error messages (the call of the store)`,
    found,
    TARGET,
  );
  const read = await measure(searches(UNINDEXED), { pid, rounds: 3, warmUp: 0 });
  say('beyond the target, without an index:');
  report('search in resolved entries', read, TARGET);
  return met;
}

function daysBefore(now: Date, days: number): string {
  return new Date(now.getTime() - days * 86_400_000).toISOString();
}
