/** Who is signed in, and what they may do. */
import { queryOptions, useQuery } from '@tanstack/react-query';
import { type Me, meResponse } from '../../../contract/auth.ts';
import { ApiError, get } from './api.ts';
import { keys } from './keys.ts';

export type { Me };

/** null: nobody is signed in. */
export const meQuery = queryOptions({
  queryKey: keys.me,
  queryFn: async ({ signal }): Promise<Me | null> => {
    try {
      return await get('/auth/me', meResponse, { signal });
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return null;
      throw error;
    }
  },
  staleTime: 60_000,
});

/** The user of this session; only below the sign-in gate, where there is one. */
export function useMe(): Me | null {
  return useQuery(meQuery).data ?? null;
}
