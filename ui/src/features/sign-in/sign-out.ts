import type { QueryClient } from '@tanstack/react-query';
import { okResponse } from '../../../../contract/auth.ts';
import { request } from '../../services/api.ts';
import { keys } from '../../services/keys.ts';

async function endSession(): Promise<void> {
  await request('POST', '/auth/logout', okResponse).catch(() => undefined);
}

/** Ends the session and starts over, so that nothing of it stays in this tab. */
export async function signOut(client: QueryClient): Promise<void> {
  await endSession();
  client.clear();
  window.location.assign('/');
}

/** Gives up a sign-in that is not finished, at the address where it began. */
export async function startOver(client: QueryClient): Promise<void> {
  await endSession();
  await client.invalidateQueries({ queryKey: keys.me });
}
