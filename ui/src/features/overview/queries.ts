/** What the overview asks for: each part by itself, so that one that can't be read leaves the others. */
import { queryOptions } from '@tanstack/react-query';
import { alertsResponse } from '../../../../contract/alerts.ts';
import { auditResponse } from '../../../../contract/audit.ts';
import { queuesHistory } from '../../../../contract/history.ts';
import { processesResponse } from '../../../../contract/processes.ts';
import { overviewResponse } from '../../../../contract/queues.ts';
import { get } from '../../services/api.ts';
import { keys } from '../../services/keys.ts';
import { LIVE_MS } from '../../services/query-client.ts';

export const overviewQuery = queryOptions({
  queryKey: keys.overview,
  queryFn: ({ signal }) => get('/admin/overview', overviewResponse, { signal }),
  refetchInterval: LIVE_MS,
});

export const historyQuery = queryOptions({
  queryKey: keys.overviewHistory,
  queryFn: ({ signal }) => get('/admin/queues/history', queuesHistory, { signal }),
  refetchInterval: 6 * LIVE_MS,
});

export const processesQuery = queryOptions({
  queryKey: keys.processes,
  queryFn: ({ signal }) => get('/admin/processes', processesResponse, { signal }),
  refetchInterval: LIVE_MS,
});

export const alertsQuery = queryOptions({
  queryKey: keys.alerts,
  queryFn: ({ signal }) => get('/admin/alerts', alertsResponse, { signal }),
  refetchInterval: 2 * LIVE_MS,
});

const LATEST = 8;

export const latelyQuery = queryOptions({
  queryKey: keys.audit({ limit: LATEST }),
  queryFn: ({ signal }) => get('/admin/audit', auditResponse, { query: { limit: LATEST }, signal }),
  refetchInterval: 3 * LIVE_MS,
});
