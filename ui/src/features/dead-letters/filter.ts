/** The filter of the page's address: as the API takes it, and in words. */
import { exactTime, shortId } from '../../services/format.ts';
import type { DeadLettersSearch } from './search.ts';

/** Conditions of an entry, without what only sorts groups. */
export type Filter = Omit<DeadLettersSearch, 'sort'>;
export type Condition = keyof Filter;

const CONDITIONS = [
  'queue',
  'group',
  'job_name',
  'error',
  'payload',
  'payload_path',
  'payload_value',
  'correlation_id',
  'attempts',
  'from',
  'to',
  'resolved',
  'muted',
  'expiring',
] as const satisfies readonly Condition[];

/** The conditions that are set, always in the same order: the key of the cache. */
export function filterOf(search: DeadLettersSearch): Filter {
  const given = CONDITIONS.map((name) => [name, search[name]] as const);
  return Object.fromEntries(given.filter(([, value]) => value !== undefined && value !== ''));
}

/** The same filter, of unresolved entries alone: those that a bulk operation works on. */
export function unresolvedOf(filter: Filter): Record<string, string> {
  const unresolved: Record<string, string> = {};
  for (const [name, value] of Object.entries(filter)) {
    if (name !== 'resolved' && value !== undefined) unresolved[name] = value;
  }
  return unresolved;
}

/** A search of texts is written into the audit log each time, so a page does not repeat it by itself. */
export function isAudited({ error, payload, payload_value: value }: Filter): boolean {
  return [error, payload, value].some((text) => text !== undefined);
}

/** Groups know their queue and whether they are muted; these narrow the entries alone. */
export function narrowsEntriesAlone(filter: Filter): boolean {
  const forBoth: readonly string[] = ['queue', 'group', 'resolved', 'muted'];
  return Object.keys(filter).some((name) => !forBoth.includes(name));
}

export interface FilterWords {
  /** What goes when this is taken away. */
  names: Condition[];
  text: string;
}

const when = (text: string): string =>
  Number.isNaN(Date.parse(text)) ? text : text.includes('T') ? exactTime(text) : `${text} UTC`;

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

const MUTED = { true: 'of muted groups alone', all: 'muted groups, too' } as const;
const RESOLVED = { true: 'resolved', all: 'resolved or not' } as const;

/** Each condition in words; takes the filter of an operation, too, which may be a number of ids. */
export function wordsOf(filter: Readonly<Record<string, unknown>>): FilterWords[] {
  const words: FilterWords[] = [];
  const add = (name: Condition, say: (value: string) => string | undefined, ...more: Condition[]): void => {
    const value = filter[name];
    if (typeof value !== 'string') return;
    const text = say(value);
    if (text !== undefined) words.push({ names: [name, ...more], text });
  };
  add('queue', (queue) => `queue ${queue}`);
  add('group', (group) => `group ${shortId(group)}`);
  add('job_name', (name) => `job ${name}`);
  add('error', (text) => `error contains “${text}”`);
  add('payload', (text) => `payload contains “${text}”`);
  add('payload_path', (path) => `${path} = ${textOf(filter.payload_value)}`, 'payload_value');
  add('correlation_id', (id) => `correlation id ${shortId(id)}`);
  add('attempts', (attempts) => `${attempts} attempts`);
  add('from', (from) => `failed since ${when(from)}`);
  add('to', (to) => `failed before ${to.includes('T') ? when(to) : `the end of ${when(to)}`}`);
  add('resolved', (state) => (state === 'false' ? undefined : RESOLVED[state as keyof typeof RESOLVED]));
  add('muted', (state) => (state === 'false' ? undefined : MUTED[state as keyof typeof MUTED]));
  add('expiring', (expiring) => (expiring === 'true' ? 'removed by retention within 3 days' : undefined));
  return words;
}

/** A filter as a part of a sentence. */
export function sentenceOf(filter: Readonly<Record<string, unknown>>): string {
  if (typeof filter.ids === 'number') return 'chosen one by one';
  const words = wordsOf(filter);
  return words.length === 0
    ? 'every unresolved one that is not muted'
    : words.map(({ text }) => text).join(', ');
}
