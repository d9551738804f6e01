import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { DeadLetterGroup } from '../../../../contract/dead-letter-groups.ts';
import { clockTime, counted, exactNumber } from '../../services/format.ts';
import { filterOf, narrowsEntriesAlone } from './filter.ts';
import { groupQuery } from './queries.ts';
import type { DeadLettersSearch } from './search.ts';

interface Known {
  search: DeadLettersSearch;
  /** Of the list. */
  total: number | undefined;
  isMinimum: boolean;
  /** Of the groups' list. */
  groups: DeadLetterGroup[] | undefined;
  groupTotal: number | undefined;
}

/** What is on the page, said before it is shown: how many, of what, since when, and whether retries help. */
export function Sentence({ search, total, isMinimum, groups, groupTotal }: Known) {
  const chosen = useQuery({ ...groupQuery(search.group ?? ''), enabled: search.group !== undefined }).data;
  if (total === undefined || groups === undefined) return <>Counting …</>;
  const state = { true: 'resolved ', all: '', false: 'unresolved ' }[search.resolved ?? 'false'];
  if (search.group !== undefined) {
    if (chosen === undefined) return <>Counting …</>;
    const narrowed = Object.keys(filterOf(search)).some((name) => name !== 'group' && name !== 'queue');
    return (
      <>
        <About group={chosen} />
        {narrowed && ` ${isMinimum ? 'Over ' : ''}${exactNumber(total)} of them match the filter.`}
      </>
    );
  }
  const first = groups[0];
  if (total === 0 && search.resolved === undefined) return <>Nothing unresolved matches.</>;
  return (
    <>
      {isMinimum ? 'Over ' : ''}
      {counted(total, `${state}dead letter`)}
      {search.queue !== undefined && ` in ${search.queue}`}
      {narrowsEntriesAlone(filterOf(search)) ? (
        ' match the filter.'
      ) : (
        <>
          {groupTotal !== undefined && ` in ${counted(groupTotal, 'group')}`}.{' '}
          {first !== undefined && first.unresolved > 1 && (search.sort ?? 'count') === 'count' && (
            <Largest group={first} search={search} />
          )}
        </>
      )}
    </>
  );
}

function Largest({ group, search }: { group: DeadLetterGroup; search: DeadLettersSearch }) {
  return (
    <>
      The largest:{' '}
      <Link to="/dead-letters" search={{ ...search, group: group.id }} resetScroll={false}>
        {exactNumber(group.unresolved)} of {group.queues.join(', ')}
      </Link>
      , all with “<bdi>{group.message}</bdi>”, {since(group)}
      {retries(group)}.
    </>
  );
}

function About({ group }: { group: DeadLetterGroup }) {
  return (
    <>
      {counted(group.unresolved, 'job')} of {group.queues.join(', ')} {group.unresolved === 1 ? 'is' : 'are'}{' '}
      dead, all with “<bdi>{group.message}</bdi>”, {since(group)}
      {retries(group)}.
    </>
  );
}

const DAY_MS = 86_400_000;
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

function since({ first_seen: first }: DeadLetterGroup): string {
  const today = Date.now() - Date.parse(first) < DAY_MS;
  return `since ${today ? clockTime(first) : day.format(new Date(first))}`;
}

function retries({ retried, retries_succeeded: succeeded }: DeadLetterGroup): string {
  if (retried === 0) return '; none was retried yet';
  return `; ${exactNumber(succeeded)} of ${counted(retried, 'retry', 'retries')} succeeded`;
}
