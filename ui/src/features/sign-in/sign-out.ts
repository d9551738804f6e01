import type { QueryClient } from '@tanstack/react-query';
import { okResponse } from '../../../../contract/auth.ts';
import { request } from '../../services/api.ts';

/** Ends the session and starts over, so that nothing of it stays in this tab. */
export async function signOut(client: QueryClient): Promise<void> {
  await request('POST', '/auth/logout', okResponse).catch(() => undefined);
  client.clear();
  window.location.assign('/');
}
