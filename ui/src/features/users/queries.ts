import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import type { z } from 'zod';
import type { ApiTokenId, UserId } from '../../../../contract/ids.ts';
import { okResponse } from '../../../../contract/auth.ts';
import {
  type CreateTokenRequest,
  createTokenResponse,
  tokenListResponse,
} from '../../../../contract/tokens.ts';
import {
  type changeUserRequest,
  type CreateUserRequest,
  user,
  userListResponse,
} from '../../../../contract/users.ts';
import { useConfirmed } from '../../components/confirmed.tsx';
import { get, request } from '../../services/api.ts';
import { keys } from '../../services/keys.ts';
import type { UsersSearch } from './search.ts';

/** Lists of access change when a person changes them, or somebody is locked out. */
const REFETCH_MS = 30_000;

export function usersQuery({ role = 'staff', cursor }: UsersSearch) {
  const query = { role: role === 'all' ? undefined : role, cursor };
  return queryOptions({
    queryKey: [...keys.users, query],
    queryFn: ({ signal }) => get('/admin/users', userListResponse, { query, signal }),
    refetchInterval: REFETCH_MS,
    placeholderData: keepPreviousData,
  });
}

export function tokensQuery({ cursor }: UsersSearch) {
  return queryOptions({
    queryKey: [...keys.tokens, { cursor }],
    queryFn: ({ signal }) => get('/admin/tokens', tokenListResponse, { query: { cursor }, signal }),
    refetchInterval: REFETCH_MS,
    placeholderData: keepPreviousData,
  });
}

/** What changes a user may end tokens, and may be about oneself. */
function useRenew(): () => Promise<void> {
  const client = useQueryClient();
  return async () => {
    const stale = [keys.users, keys.tokens, keys.me];
    await Promise.all(stale.map((queryKey) => client.invalidateQueries({ queryKey })));
  };
}

export function useCreateUser() {
  const create = (body: CreateUserRequest) => request('POST', '/admin/users', user, { body });
  return useMutation({ mutationFn: useConfirmed(create), onSuccess: useRenew() });
}

export interface UserChange {
  id: UserId;
  /** `change` sends `body`; the others are actions of their own. */
  action: 'change' | 'unlock' | 'reset-mfa';
  body: z.input<typeof changeUserRequest>;
}

export function useChangeUser() {
  const change = ({ id, action, body }: UserChange) =>
    action === 'change'
      ? request('PATCH', `/admin/users/${id}`, user, { body })
      : request('POST', `/admin/users/${id}/${action}`, user, { body });
  return useMutation({ mutationFn: useConfirmed(change), onSuccess: useRenew() });
}

export function useCreateToken() {
  const create = (body: CreateTokenRequest) =>
    request('POST', '/admin/tokens', createTokenResponse, { body });
  return useMutation({ mutationFn: useConfirmed(create), onSuccess: useRenew() });
}

export function useRevokeToken() {
  const revoke = ({ id, reason }: { id: ApiTokenId; reason: string }) =>
    request('DELETE', `/admin/tokens/${id}`, okResponse, { query: { reason } });
  return useMutation({ mutationFn: useConfirmed(revoke), onSuccess: useRenew() });
}
