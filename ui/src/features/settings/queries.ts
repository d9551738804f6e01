import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import {
  mfaVerifyResponse,
  okResponse,
  recoveryCodesResponse,
  sessionListResponse,
  sessionsEndedResponse,
} from '../../../../contract/auth.ts';
import { useConfirmed } from '../../components/confirmed.tsx';
import { get, request } from '../../services/api.ts';
import { keys } from '../../services/keys.ts';
import { beginEnrolment } from '../sign-in/queries.ts';

export const sessionsQuery = queryOptions({
  queryKey: keys.sessions,
  queryFn: ({ signal }) => get('/auth/sessions', sessionListResponse, { signal }),
  refetchInterval: 30_000,
});

/** What changes the own access changes sessions, and what `me` says. */
function useRenew(): () => Promise<void> {
  const client = useQueryClient();
  return async () => {
    await Promise.all([
      client.invalidateQueries({ queryKey: keys.sessions }),
      client.invalidateQueries({ queryKey: keys.me }),
    ]);
  };
}

export function useEndSession() {
  return useMutation({
    mutationFn: (id: string) => request('DELETE', `/auth/sessions/${id}`, okResponse),
    onSuccess: useRenew(),
  });
}

export function useEndOtherSessions() {
  return useMutation({
    mutationFn: () => request('DELETE', '/auth/sessions', sessionsEndedResponse),
    onSuccess: useRenew(),
  });
}

export function useChangePassword() {
  const change = (body: { current: string; new: string }) =>
    request('POST', '/auth/password', okResponse, { body });
  // A wrong current password may have locked the account and ended the session.
  const renew = useRenew();
  return useMutation({ mutationFn: useConfirmed(change), onSuccess: renew, onError: renew });
}

export function useNewRecoveryCodes() {
  const renew = () => request('POST', '/auth/mfa/recovery-codes', recoveryCodesResponse);
  return useMutation({
    mutationFn: useConfirmed(renew),
    onSuccess: useRenew(),
  });
}

export function useBeginEnrolment() {
  return useMutation({
    mutationFn: useConfirmed(beginEnrolment),
  });
}

export function useVerifyEnrolment() {
  const renew = useRenew();
  return useMutation({
    mutationFn: (code: string) => request('POST', '/auth/mfa/verify', mfaVerifyResponse, { body: { code } }),
    onSuccess: renew,
    // Too many wrong codes end the session.
    onError: renew,
  });
}
