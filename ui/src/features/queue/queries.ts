/** One queue: its state, its past, its jobs, and the pause. */
import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import type { z } from 'zod';
import { type HistoryRange, queueHistory } from '../../../../contract/history.ts';
import {
  pauseResponse,
  queueDetail,
  queueJobsResponse,
  type pauseRequest,
  type QueueJobState,
} from '../../../../contract/queues.ts';
import { get, request } from '../../services/api.ts';
import { keys } from '../../services/keys.ts';
import { LIVE_MS } from '../../services/query-client.ts';

const pathOf = (name: string): string => `/admin/queues/${encodeURIComponent(name)}`;

export function queueQuery(name: string) {
  return queryOptions({
    queryKey: keys.queue(name),
    queryFn: ({ signal }) => get(pathOf(name), queueDetail, { signal }),
    refetchInterval: LIVE_MS,
  });
}

/** Long ranges move slowly, and cost Prometheus more. */
const HISTORY_MS: Record<HistoryRange, number> = {
  '15m': 2 * LIVE_MS,
  '1h': 3 * LIVE_MS,
  '6h': 12 * LIVE_MS,
  '24h': 24 * LIVE_MS,
  '7d': 60 * LIVE_MS,
};

export function queueHistoryQuery(name: string, range: HistoryRange) {
  return queryOptions({
    queryKey: keys.queueHistory(name, range),
    queryFn: ({ signal }) => get(`${pathOf(name)}/history`, queueHistory, { query: { range }, signal }),
    refetchInterval: HISTORY_MS[range],
    placeholderData: keepPreviousData,
  });
}

const JOBS_A_PAGE = 50;

export function queueJobsQuery(name: string, state: QueueJobState, page: number) {
  return queryOptions({
    queryKey: keys.queueJobs(name, { state, page }),
    queryFn: ({ signal }) =>
      get(`${pathOf(name)}/jobs`, queueJobsResponse, { query: { state, page, limit: JOBS_A_PAGE }, signal }),
    refetchInterval: LIVE_MS,
    placeholderData: keepPreviousData,
  });
}

type Change =
  | { to: 'pause'; body: z.input<typeof pauseRequest> }
  | { to: 'resume'; body: { reason: string } };

export function useChangePause(name: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ to, body }: Change) => request('POST', `${pathOf(name)}/${to}`, pauseResponse, { body }),
    onSuccess: async () => {
      await Promise.all([
        client.invalidateQueries({ queryKey: keys.queue(name) }),
        client.invalidateQueries({ queryKey: keys.overview }),
      ]);
    },
  });
}
