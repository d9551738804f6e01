import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useMemo } from 'react';
import type { DeadLetterSummary } from '../../../../contract/dead-letters.ts';
import type { Filter } from './filter.ts';
import { entriesQuery, FIRST_PAGE, newestQuery, PAGE_SIZE, useJump, type Entries } from './queries.ts';

/** What came since the list was read. */
export interface News {
  /** New entries; as many as a page has means "or more". */
  fresh: number;
  /** How many more there are in all than when the list was read; negative when somebody resolved some. */
  grown: number;
}

/** The entries of a filter by their place in the whole list, of which far pages are not kept. */
export function useEntries(filter: Filter) {
  const client = useQueryClient();
  const query = useInfiniteQuery(entriesQuery(filter));
  const jump = useJump(filter);
  const { data } = query;
  const top = data?.pageParams[0]?.index === 0 ? data.pages[0] : undefined;
  const newest = useQuery(newestQuery(filter, top)).data;
  const offset = (data?.pageParams[0]?.index ?? 0) * PAGE_SIZE;
  const entries = useMemo(() => data?.pages.flatMap((page) => page.entries) ?? [], [data]);
  const entryAt = useCallback(
    (index: number): DeadLetterSummary | undefined => entries[index - offset],
    [entries, offset],
  );
  const indexOf = useCallback(
    (id: string): number => {
      const at = entries.findIndex((entry) => entry.id === id);
      return at === -1 ? -1 : at + offset;
    },
    [entries, offset],
  );
  const { queryKey } = entriesQuery(filter);
  const renew = useCallback(() => {
    if (newest !== undefined)
      client.setQueryData<Entries>(queryKey, { pages: [newest], pageParams: [FIRST_PAGE] });
  }, [client, newest, queryKey]);
  return {
    query,
    jump,
    offset,
    count: offset + entries.length,
    entryAt,
    indexOf,
    total: newest?.pagination.total ?? data?.pages.at(-1)?.pagination.total ?? 0,
    isMinimum: (newest ?? data?.pages.at(-1))?.total_is_minimum ?? false,
    news: useMemo(() => newsOf(top, newest), [top, newest]),
    renew,
  };
}

type Page = Entries['pages'][number];

function newsOf(shown: Page | undefined, newest: Page | undefined): News {
  if (shown === undefined || newest === undefined || shown === newest) return { fresh: 0, grown: 0 };
  const known = new Set(shown.entries.map(({ id }) => id));
  const since = shown.entries[0]?.failed_at ?? '';
  const fresh = newest.entries.filter(({ id, failed_at: at }) => at >= since && !known.has(id)).length;
  return { fresh, grown: newest.pagination.total - shown.pagination.total + settledHere(shown, newest) };
}

/** Entries on the page that were resolved by its own reader: no news. */
function settledHere(shown: Page, newest: Page): number {
  const still = new Set(newest.entries.map(({ id }) => id));
  return shown.entries.filter(({ id, resolved }) => resolved && !still.has(id)).length;
}
