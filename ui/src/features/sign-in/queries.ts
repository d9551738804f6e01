import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import {
  enrolResponse,
  mfaVerifyResponse,
  sessionResponse,
  type loginRequest,
  type setupRequest,
} from '../../../../contract/auth.ts';
import type { z } from 'zod';
import { request } from '../../services/api.ts';
import { keys } from '../../services/keys.ts';

/** Asks anew who is signed in; done when that is known, so that a button stays busy until the next step is there. */
function useAskWho(): () => Promise<void> {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: keys.me });
}

export function useLogin() {
  const askWho = useAskWho();
  return useMutation({
    mutationFn: (body: z.infer<typeof loginRequest>) =>
      request('POST', '/auth/login', sessionResponse, { body }),
    onSuccess: askWho,
  });
}

export function useSetUp() {
  const askWho = useAskWho();
  return useMutation({
    mutationFn: (body: z.infer<typeof setupRequest>) => request('POST', '/setup', sessionResponse, { body }),
    onSuccess: askWho,
  });
}

/** A code that finishes signing in, or proves a new authenticator: then `onRecoveryCodes` gets the codes to keep. */
export function useVerify(onRecoveryCodes?: (codes: readonly string[]) => void) {
  const askWho = useAskWho();
  return useMutation({
    mutationFn: (code: string) => request('POST', '/auth/mfa/verify', mfaVerifyResponse, { body: { code } }),
    onSuccess: async ({ recovery_codes: codes }) => {
      if (codes !== undefined) onRecoveryCodes?.(codes);
      await askWho();
    },
    // Too many wrong codes end the session: then it starts with the password.
    onError: askWho,
  });
}

export function beginEnrolment() {
  return request('POST', '/auth/mfa/enroll', enrolResponse);
}

/** A fresh secret. The last one that was handed out counts, so it is never asked for again while it is on the page. */
export const enrolmentQuery = queryOptions({
  queryKey: keys.enrolment,
  queryFn: beginEnrolment,
  staleTime: 'static',
  gcTime: 0,
});
