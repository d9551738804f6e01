/** The marketplace as admins see it. */
import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import type { z } from 'zod';
import { badLeadDecision, badLeadListResponse } from '../../../../contract/bad-leads.ts';
import type { AssignmentId, LeadId } from '../../../../contract/ids.ts';
import { assignmentListResponse, distributeResponse } from '../../../../contract/distribution.ts';
import {
  approveLeadResponse,
  leadDetail,
  leadListResponse,
  rejectLeadResponse,
} from '../../../../contract/lead-approval.ts';
import { useConfirmed } from '../../components/confirmed.tsx';
import { get, request } from '../../services/api.ts';
import { keys } from '../../services/keys.ts';
import type { BadLeadsSearch, LeadsSearch } from './search.ts';

const REFETCH_MS = 15_000;

export function leadsQuery({ status = 'pending_approval', page }: LeadsSearch) {
  const query = { status: status === 'all' ? undefined : status, page };
  return queryOptions({
    queryKey: keys.leads(query),
    queryFn: ({ signal }) => get('/admin/leads', leadListResponse, { query, signal }),
    refetchInterval: REFETCH_MS,
    placeholderData: keepPreviousData,
  });
}

export function leadQuery(id: LeadId) {
  return queryOptions({
    queryKey: keys.leads({ id }),
    queryFn: ({ signal }) => get(`/admin/leads/${id}`, leadDetail, { signal }),
  });
}

/** Who got it. */
export function assignmentsQuery(id: LeadId) {
  return queryOptions({
    queryKey: keys.leads({ id, assignments: true }),
    queryFn: ({ signal }) =>
      get(`/admin/leads/${id}/assignments`, assignmentListResponse, { query: { limit: 200 }, signal }),
    refetchInterval: REFETCH_MS,
  });
}

export function badLeadsQuery({ status = 'pending', page }: BadLeadsSearch) {
  const query = { status: status === 'all' ? undefined : status, page };
  return queryOptions({
    queryKey: keys.badLeads(query),
    queryFn: ({ signal }) => get('/admin/bad-leads', badLeadListResponse, { query, signal }),
    refetchInterval: REFETCH_MS,
    placeholderData: keepPreviousData,
  });
}

/** Any decision: what it does to leads, reports and balances is seen on all of their pages. */
function useDecision<In, Out>(decide: (input: In) => Promise<Out>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: useConfirmed(decide),
    // Also after a refusal: somebody else may have decided.
    onSettled: async () => {
      const stale = [keys.allLeads, keys.allBadLeads, keys.allProviders];
      await Promise.all(stale.map((queryKey) => client.invalidateQueries({ queryKey })));
    },
  });
}

export function useApproveLead() {
  return useDecision((id: LeadId) => request('POST', `/admin/leads/${id}/approve`, approveLeadResponse));
}

export function useRejectLead() {
  return useDecision(({ id, reason }: { id: LeadId; reason: string }) =>
    request('POST', `/admin/leads/${id}/reject`, rejectLeadResponse, { body: { reason } }),
  );
}

export function useDistributeLead() {
  return useDecision((id: LeadId) => request('POST', `/admin/leads/${id}/distribute`, distributeResponse));
}

export interface BadLeadVerdict {
  id: AssignmentId;
  verb: 'approve' | 'reject';
  memo: string;
}

export function useDecideBadLead() {
  return useDecision(
    ({ id, verb, memo }: BadLeadVerdict): Promise<z.infer<typeof badLeadDecision>> =>
      request('POST', `/admin/bad-leads/${id}/${verb}`, badLeadDecision, { body: { memo } }),
  );
}
