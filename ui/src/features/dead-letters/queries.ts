/** What the page asks of the dead-letter API, and what it changes there. */
import {
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  useMutation,
  useQueryClient,
  type InfiniteData,
  type QueryClient,
} from '@tanstack/react-query';
import {
  groupDetail,
  groupListResponse,
  muteResponse,
  type GroupListQuery,
} from '../../../../contract/dead-letter-groups.ts';
import {
  deadLetterListResponse,
  note,
  reopenResponse,
  resolveResponse,
  retryResponse,
  type DeadLetterListResponse,
  type DeadLetterSummary,
  type Resolution,
} from '../../../../contract/dead-letters.ts';
import type { DeadLetterId } from '../../../../contract/ids.ts';
import { get, request, withQuery } from '../../services/api.ts';
import { keys } from '../../services/keys.ts';
import { LIVE_MS } from '../../services/query-client.ts';
import { isAudited, type Filter } from './filter.ts';

const PATH = '/admin/queues/dlq';
export const PAGE_SIZE = 100;
/** Pages kept in memory, 5,000 entries: those that are far away are asked for again. */
const MOST_PAGES = 50;

/** Where a page begins; each knows the one before it, so that the way back is known, too. */
export interface PageStart {
  index: number;
  cursor: string | null;
  before: PageStart | null;
}
export const FIRST_PAGE: PageStart = { index: 0, cursor: null, before: null };
export type Entries = InfiniteData<DeadLetterListResponse, PageStart>;
type EntriesKey = ReturnType<typeof keys.deadLetterList>;

function readPage(
  filter: Filter,
  { cursor }: PageStart,
  signal?: AbortSignal,
): Promise<DeadLetterListResponse> {
  return get(PATH, deadLetterListResponse, { query: { ...filter, limit: PAGE_SIZE, cursor }, signal });
}

/** The list. It stays as it was read until somebody asks for what is new: no row moves under a pointer. */
export function entriesQuery(filter: Filter) {
  return infiniteQueryOptions<DeadLetterListResponse, Error, Entries, EntriesKey, PageStart>({
    queryKey: keys.deadLetterList(filter),
    queryFn: ({ pageParam, signal }) => readPage(filter, pageParam, signal),
    initialPageParam: FIRST_PAGE,
    getNextPageParam: ({ next_cursor: cursor }, _pages, before): PageStart | undefined =>
      cursor === null ? undefined : { index: before.index + 1, cursor, before },
    getPreviousPageParam: (_first, _pages, { before }): PageStart | undefined => before ?? undefined,
    maxPages: MOST_PAGES,
    staleTime: Infinity,
    structuralSharing: false,
  });
}

/** The newest page, live; `first` is the one on screen. */
export function newestQuery(filter: Filter, first: DeadLetterListResponse | undefined) {
  return queryOptions({
    queryKey: [...keys.deadLetterList(filter), 'newest'],
    queryFn: ({ signal }) => readPage(filter, FIRST_PAGE, signal),
    enabled: first !== undefined && !isAudited(filter),
    initialData: first,
    refetchInterval: LIVE_MS,
  });
}

/** Goes to a page that was dropped, without those on the way. Takes the index of an entry. */
export function useJump(filter: Filter) {
  const client = useQueryClient();
  const { queryKey } = entriesQuery(filter);
  return useMutation({
    mutationFn: async (index: number): Promise<Entries> => {
      let start = client.getQueryData<Entries>(queryKey)?.pageParams[0] ?? FIRST_PAGE;
      while (start.index * PAGE_SIZE > index && start.before !== null) start = start.before;
      return { pages: [await readPage(filter, start)], pageParams: [start] };
    },
    onSuccess: (entries) => client.setQueryData<Entries>(queryKey, entries),
  });
}

/** How many a filter matches now. */
export function countQuery(filter: Record<string, string>) {
  return queryOptions({
    queryKey: [...keys.deadLetters, 'count', filter],
    queryFn: async ({ signal }) => {
      const { pagination, total_is_minimum: isMinimum } = await get(PATH, deadLetterListResponse, {
        query: { ...filter, limit: 1 },
        signal,
      });
      return { total: pagination.total, isMinimum };
    },
    staleTime: 0,
    gcTime: 0,
  });
}

type GroupFilter = Partial<Pick<GroupListQuery, 'queue' | 'sort' | 'muted' | 'resolved'>>;

export function groupsQuery(filter: GroupFilter) {
  return infiniteQueryOptions({
    queryKey: keys.deadLetterGroups(filter),
    queryFn: ({ pageParam: cursor, signal }) =>
      get(`${PATH}/groups`, groupListResponse, { query: { ...filter, cursor }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: ({ next_cursor: cursor }) => cursor,
    refetchInterval: LIVE_MS,
    placeholderData: keepPreviousData,
  });
}

export function groupQuery(id: string) {
  return queryOptions({
    queryKey: keys.deadLetterGroup(id),
    queryFn: ({ signal }) => get(`${PATH}/groups/${encodeURIComponent(id)}`, groupDetail, { signal }),
    refetchInterval: LIVE_MS,
  });
}

/** Shows what a change made of entries where they stand, until the list is read anew. */
function mark(client: QueryClient, id: DeadLetterId, resolution: Resolution | null): void {
  const change = (entry: DeadLetterSummary): DeadLetterSummary =>
    entry.id === id ? { ...entry, resolved: resolution !== null, resolution } : entry;
  client.setQueriesData<Entries | DeadLetterListResponse>(
    { queryKey: [...keys.deadLetters, 'list'], predicate: ({ queryKey }) => queryKey.length === 3 },
    (data) =>
      data === undefined || !('pages' in data)
        ? data
        : { ...data, pages: data.pages.map((page) => ({ ...page, entries: page.entries.map(change) })) },
  );
}

/** Retries, discards or reopens one entry, without a question. */
export function useResolveOne() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({ id, action }: { id: DeadLetterId; action: 'retry' | 'discard' | 'reopen' }) => {
      const path = `${PATH}/${id}`;
      if (action === 'retry') await request('POST', `${path}/retry`, retryResponse);
      if (action === 'discard') await request('DELETE', path, resolveResponse);
      if (action === 'reopen') await request('POST', `${path}/reopen`, reopenResponse);
    },
    onSuccess: (_nothing, { id, action }) => {
      mark(client, id, ({ retry: 'retried', discard: 'discarded', reopen: null } as const)[action]);
      return Promise.all([
        client.invalidateQueries({ queryKey: [...keys.deadLetters, 'groups'] }),
        client.invalidateQueries({ queryKey: [...keys.deadLetters, 'group'] }),
        client.invalidateQueries({ queryKey: [...keys.deadLetters, 'entry', id] }),
      ]);
    },
  });
}

export function useMute(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (reason: string | null) =>
      request(
        reason === null ? 'DELETE' : 'POST',
        `${PATH}/groups/${id}/mute`,
        muteResponse,
        reason === null ? {} : { body: { reason } },
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.deadLetters }),
  });
}

export function useGroupNote(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (text: string) => request('POST', `${PATH}/groups/${id}/notes`, note, { body: { text } }),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.deadLetterGroup(id) }),
  });
}

/** Where the browser downloads all that the filter matches. */
export function exportAddress(filter: Filter, format: 'ndjson' | 'csv'): string {
  return `/api/v1${withQuery(`${PATH}/export`, { ...filter, format })}`;
}
