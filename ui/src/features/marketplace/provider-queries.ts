/** Providers, their subscriptions and their ledgers, as admins see them. */
import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import {
  adminLedgerResponse,
  type BalanceAdjustRequest,
  balanceAdjustResponse,
} from '../../../../contract/billing.ts';
import { levelListResponse, nicheListResponse } from '../../../../contract/catalogue.ts';
import type { LevelId, NicheId, ProviderId, SubscriptionId } from '../../../../contract/ids.ts';
import {
  type CreateProviderRequest,
  provider,
  providerListResponse,
  subscription,
  subscriptionListResponse,
} from '../../../../contract/providers.ts';
import { useConfirmed } from '../../components/confirmed.tsx';
import { get, request } from '../../services/api.ts';
import { keys } from '../../services/keys.ts';
import type { ProviderSearch } from './search.ts';

const PATH = '/admin/providers';
const REFETCH_MS = 15_000;
/** The most that the API lists on one page. */
const ALL = { limit: 200 };

export function providersQuery(page: number | undefined) {
  return queryOptions({
    queryKey: keys.providers({ page }),
    queryFn: ({ signal }) => get(PATH, providerListResponse, { query: { page }, signal }),
    refetchInterval: REFETCH_MS,
    placeholderData: keepPreviousData,
  });
}

export function providerQuery(id: string) {
  return queryOptions({
    queryKey: keys.provider(id),
    queryFn: ({ signal }) => get(`${PATH}/${id}`, provider, { signal }),
    refetchInterval: REFETCH_MS,
  });
}

export function ledgerQuery(id: string, query: ProviderSearch) {
  return queryOptions({
    queryKey: [...keys.provider(id), 'ledger', query],
    queryFn: ({ signal }) => get(`${PATH}/${id}/ledger`, adminLedgerResponse, { query, signal }),
    refetchInterval: REFETCH_MS,
    placeholderData: keepPreviousData,
  });
}

export function subscriptionsQuery(id: string) {
  return queryOptions({
    queryKey: [...keys.provider(id), 'subscriptions'],
    queryFn: ({ signal }) =>
      get(`${PATH}/${id}/subscriptions`, subscriptionListResponse, { query: ALL, signal }),
    refetchInterval: REFETCH_MS,
  });
}

export const nichesQuery = queryOptions({
  queryKey: keys.niches,
  queryFn: ({ signal }) => get('/admin/niches', nicheListResponse, { query: ALL, signal }),
});

export function levelsQuery(niche: NicheId | null) {
  return queryOptions({
    queryKey: [...keys.niches, niche, 'levels'],
    queryFn: ({ signal }) => get(`/admin/niches/${niche}/levels`, levelListResponse, { query: ALL, signal }),
    enabled: niche !== null,
  });
}

function useChange<In, Out>(change: (input: In) => Promise<Out>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: useConfirmed(change),
    onSettled: () => client.invalidateQueries({ queryKey: keys.allProviders }),
  });
}

export function useCreateProvider() {
  return useChange((body: CreateProviderRequest) => request('POST', PATH, provider, { body }));
}

/** @param key the same for every try of one adjustment: it is booked once */
export function useAdjustBalance(id: ProviderId, key: string) {
  return useChange((body: BalanceAdjustRequest) =>
    request('POST', `${PATH}/${id}/balance-adjust`, balanceAdjustResponse, {
      body,
      headers: { 'idempotency-key': key },
    }),
  );
}

export function useSubscribe(id: ProviderId) {
  return useChange((level: LevelId) =>
    request('POST', `${PATH}/${id}/subscriptions`, subscription, { body: { competition_level_id: level } }),
  );
}

export function useUnsubscribe(id: ProviderId) {
  return useChange((one: SubscriptionId) =>
    request('DELETE', `${PATH}/${id}/subscriptions/${one}`, subscription),
  );
}
