/** What the provider who is signed in sees and does. */
import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { badLeadReport, type ReportBadLeadRequest } from '../../../../contract/bad-leads.ts';
import { balanceResponse, billingHistoryResponse, type EntryType } from '../../../../contract/billing.ts';
import type { AssignmentId, LeadId } from '../../../../contract/ids.ts';
import { inboxDecisionResponse, inboxLeadDetail, inboxResponse } from '../../../../contract/inbox.ts';
import { exportAccepted, exportListResponse, type ReportName } from '../../../../contract/reports.ts';
import { get, request } from '../../services/api.ts';
import { keys } from '../../services/keys.ts';
import type { InboxSearch } from './search.ts';

const LEADS = '/provider/leads';
const EXPORTS = '/reports/exports';
const REFETCH_MS = 15_000;
/** While a file is being made. */
const MAKING_MS = 2_000;

export function inboxQuery({ status, search, page }: InboxSearch) {
  const query = { status, search, page };
  return queryOptions({
    queryKey: keys.inbox(query),
    queryFn: ({ signal }) => get(LEADS, inboxResponse, { query, signal }),
    refetchInterval: REFETCH_MS,
    placeholderData: keepPreviousData,
  });
}

/** Asked for only when it is opened: the first time marks the lead as viewed. */
export function inboxLeadQuery(id: LeadId) {
  return queryOptions({
    queryKey: keys.inbox({ id }),
    queryFn: ({ signal }) => get(`${LEADS}/${id}`, inboxLeadDetail, { signal }),
  });
}

export const balanceQuery = queryOptions({
  queryKey: keys.inbox({ balance: true }),
  queryFn: ({ signal }) => get('/provider/billing/balance', balanceResponse, { signal }),
  refetchInterval: REFETCH_MS,
});

export function historyQuery(type: EntryType | undefined, page: number | undefined) {
  const query = { entry_type: type, page };
  return queryOptions({
    queryKey: keys.inbox({ history: query }),
    queryFn: ({ signal }) => get('/provider/billing/history', billingHistoryResponse, { query, signal }),
    refetchInterval: REFETCH_MS,
    placeholderData: keepPreviousData,
  });
}

export function exportsQuery(page: number | undefined) {
  return queryOptions({
    queryKey: keys.inbox({ exports: page }),
    queryFn: ({ signal }) => get(EXPORTS, exportListResponse, { query: { page }, signal }),
    refetchInterval: ({ state }) =>
      state.data?.exports.some(({ status }) => status === 'queued' || status === 'running') === true
        ? MAKING_MS
        : REFETCH_MS,
    placeholderData: keepPreviousData,
  });
}

function useChange<In, Out>(change: (input: In) => Promise<Out>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    // Also after a refusal: it may have been decided in another window.
    onSettled: () => client.invalidateQueries({ queryKey: keys.allInbox }),
  });
}

export function useDecideLead() {
  return useChange(({ id, verb }: { id: LeadId; verb: 'accept' | 'reject' }) =>
    request('POST', `${LEADS}/${id}/${verb}`, inboxDecisionResponse),
  );
}

export function useReportBadLead() {
  return useChange(({ id, body }: { id: AssignmentId; body: ReportBadLeadRequest }) =>
    request('POST', `/provider/assignments/${id}/bad-lead`, badLeadReport, { body }),
  );
}

export function useRequestExport() {
  return useChange((report: ReportName) => request('POST', EXPORTS, exportAccepted, { body: { report } }));
}
