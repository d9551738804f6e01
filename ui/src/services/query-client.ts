import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
import { ConnectionError, isApiError } from './api.ts';
import { connection } from './connection.ts';
import { keys } from './keys.ts';

/** How often a live page asks again; not at all while its tab is hidden. */
export const LIVE_MS = 5_000;

/**
 * The cache of answers. `Authentication required` from anywhere means that the session ended: the gate then asks to
 * sign in, over the page. A wrong password or code is a 401 too, and ends nothing.
 */
export function createQueryClient(): QueryClient {
  const onError = (error: unknown): void => {
    if (error instanceof ConnectionError) connection.lost();
    if (isApiError(error, 'authentication_required')) client.setQueryData(keys.me, null);
  };
  const onSuccess = (): void => connection.healthy();
  const client: QueryClient = new QueryClient({
    queryCache: new QueryCache({ onError, onSuccess }),
    mutationCache: new MutationCache({ onError, onSuccess }),
    defaultOptions: {
      queries: {
        staleTime: 2_000,
        refetchOnWindowFocus: true,
        retry: (failures, error) => error instanceof ConnectionError && failures < 2,
        retryDelay: (failures) => Math.min(1_000 * 2 ** failures, 8_000),
      },
      // Repeating a change by itself could do it twice.
      mutations: { retry: false },
    },
  });
  return client;
}
