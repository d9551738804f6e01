/** Bulk operations on dead letters: taken on, watched, stopped. */
import {
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  useMutation,
  useQueryClient,
} from '@tanstack/react-query';
import type { z } from 'zod';
import {
  operation,
  operationEntriesResponse,
  operationListResponse,
  type Operation,
  type operationRequest,
} from '../../../../contract/dead-letter-operations.ts';
import { get, request } from '../../services/api.ts';
import { keys } from '../../services/keys.ts';
import { LIVE_MS } from '../../services/query-client.ts';

const PATH = '/admin/queues/dlq/operations';
/** While something runs, so that its progress moves. */
const RUNNING_MS = 1_000;

export function runs({ state }: Operation): boolean {
  return state === 'selecting' || state === 'running';
}

export function operationsQuery(cursor: string | undefined) {
  return queryOptions({
    queryKey: [...keys.operations, { cursor }],
    queryFn: ({ signal }) => get(PATH, operationListResponse, { query: { cursor }, signal }),
    refetchInterval: ({ state }) => (state.data?.operations.some(runs) === true ? RUNNING_MS : LIVE_MS),
    placeholderData: keepPreviousData,
  });
}

/** The latest few, for the panel that every page has. */
export function latestOperationsQuery(enabled: boolean) {
  return queryOptions({
    queryKey: [...keys.operations, 'latest'],
    queryFn: ({ signal }) => get(PATH, operationListResponse, { query: { limit: 10 }, signal }),
    refetchInterval: ({ state }) => (state.data?.operations.some(runs) === true ? RUNNING_MS : 2 * LIVE_MS),
    enabled,
  });
}

export function operationQuery(id: string) {
  return queryOptions({
    queryKey: keys.operation(id),
    queryFn: ({ signal }) => get(`${PATH}/${encodeURIComponent(id)}`, operation, { signal }),
    refetchInterval: ({ state }) => (state.data === undefined || runs(state.data) ? RUNNING_MS : false),
  });
}

export function operationEntriesQuery(id: string, outcome: string | undefined, live: boolean) {
  return infiniteQueryOptions({
    queryKey: keys.operationEntries(id, { outcome }),
    queryFn: ({ pageParam: cursor, signal }) =>
      get(`${PATH}/${encodeURIComponent(id)}/entries`, operationEntriesResponse, {
        query: { outcome, cursor },
        signal,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: ({ next_cursor: cursor }) => cursor,
    refetchInterval: live ? LIVE_MS : false,
  });
}

/** Takes an operation on; the panel shows how far it is. */
export function useStartOperation() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: z.input<typeof operationRequest>) => request('POST', PATH, operation, { body }),
    onSuccess: (started) => {
      client.setQueryData(keys.operation(started.id), started);
      return client.invalidateQueries({ queryKey: keys.operations });
    },
  });
}

export function useCancelOperation() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => request('DELETE', `${PATH}/${id}`, operation),
    onSuccess: (cancelled) => {
      client.setQueryData(keys.operation(cancelled.id), cancelled);
      return client.invalidateQueries({ queryKey: keys.operations });
    },
  });
}
