/** What the page of one dead letter asks of the API, and what it changes there. */
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { auditResponse } from '../../../../contract/audit.ts';
import {
  deadLetterDetail,
  neighboursResponse,
  note,
  reopenResponse,
  resolveResponse,
  type RetryRequest,
  retryResponse,
} from '../../../../contract/dead-letters.ts';
import { get, request } from '../../services/api.ts';
import { keys } from '../../services/keys.ts';
import { LIVE_MS } from '../../services/query-client.ts';
import type { Filter } from '../dead-letters/filter.ts';

const pathOf = (id: string): string => `/admin/queues/dlq/${encodeURIComponent(id)}`;

/** With personal fields masked: that writes nothing into the audit log, so the page may ask as often as it likes. */
export function deadLetterQuery(id: string) {
  return queryOptions({
    queryKey: keys.deadLetter(id, true),
    queryFn: ({ signal }) => get(pathOf(id), deadLetterDetail, { query: { masked: true }, signal }),
    refetchInterval: LIVE_MS,
  });
}

/**
 * Personal fields in full. Each time is written into the audit log, so it is asked for once, by hand, and what comes
 * lives no longer than the page.
 */
export function useReveal(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => get(pathOf(id), deadLetterDetail),
    gcTime: 0,
    onSuccess: () => client.invalidateQueries({ queryKey: auditKey(id) }),
  });
}

/** Where to go on. A search of texts is written into the audit log each time, so it is not repeated. */
export function neighboursQuery(id: string, filter: Filter) {
  return queryOptions({
    queryKey: [...keys.deadLetter(id, true), 'neighbours', filter],
    queryFn: ({ signal }) => get(`${pathOf(id)}/neighbours`, neighboursResponse, { query: filter, signal }),
    staleTime: Infinity,
    refetchOnWindowFocus: false,
  });
}

const auditOf = (id: string) => ({ target_type: 'dead_letter', target_id: id, limit: 100 });
const auditKey = (id: string) => keys.audit(auditOf(id));

/** What was done to it, newest first. */
export function auditQuery(id: string) {
  return queryOptions({
    queryKey: auditKey(id),
    queryFn: ({ signal }) => get('/admin/audit', auditResponse, { query: auditOf(id), signal }),
  });
}

/** Everything that shows dead letters is stale after one was changed; what was searched for is not asked anew. */
function useRenew(id: string): () => void {
  const client = useQueryClient();
  // Not waited for: what a component does after its change must not depend on whether the new state keeps it.
  return () =>
    void Promise.all([
      client.invalidateQueries({
        queryKey: keys.deadLetters,
        predicate: ({ queryKey }) => !queryKey.includes('neighbours'),
      }),
      client.invalidateQueries({ queryKey: keys.overview }),
      client.invalidateQueries({ queryKey: auditKey(id) }),
    ]);
}

/** Also after a refusal: somebody else may have been faster. */
export function useRetry(id: string) {
  const renew = useRenew(id);
  return useMutation({
    mutationFn: (body: NonNullable<RetryRequest>) =>
      request('POST', `${pathOf(id)}/retry`, retryResponse, { body }),
    onSettled: renew,
  });
}

export function useDiscard(id: string) {
  const renew = useRenew(id);
  return useMutation({
    mutationFn: (reason: string) => request('DELETE', pathOf(id), resolveResponse, { query: { reason } }),
    onSettled: renew,
  });
}

export function useReopen(id: string) {
  const renew = useRenew(id);
  return useMutation({
    mutationFn: (reason: string) =>
      request('POST', `${pathOf(id)}/reopen`, reopenResponse, { body: { reason } }),
    onSettled: renew,
  });
}

export function useWriteNote(id: string) {
  const renew = useRenew(id);
  return useMutation({
    mutationFn: (text: string) => request('POST', `${pathOf(id)}/notes`, note, { body: { text } }),
    onSuccess: renew,
  });
}
