/** Who is signed in, and what they may do. */
import { queryOptions } from '@tanstack/react-query';
import { createContext, useContext } from 'react';
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

/** Given by the sign-in gate: who was let in, and stays on the page while they sign in again. */
export const MeContext = createContext<Me | null>(null);

/** Who was let in; null only above the sign-in gate. */
export function useMe(): Me | null {
  return useContext(MeContext);
}
