/** An admin who calls the API as impatiently as people do, and does not give up when it is down. */
import { randomUUID } from 'node:crypto';
import { signIn } from '../test/helpers/access.ts';
import { eventually } from '../test/helpers/eventually.ts';
import { ADMIN, type World } from './world.ts';

export interface Answer {
  status: number;
  body: unknown;
}

export interface Admin {
  /** @returns null when there was no answer: nobody knows then whether it was done */
  call: (method: 'GET' | 'POST' | 'DELETE', path: string, body?: object) => Promise<Answer | null>;
}

/** Long enough for a database that is away for a moment. */
const ANSWER_MS = 10_000;
/** A code of the authenticator works once, and then another follows within half a minute. */
const SIGN_IN_MS = 60_000;

export async function createAdmin(world: World): Promise<Admin> {
  let token = await enter(world);
  return {
    call: async (method, path, body) => {
      const url = world.api.url();
      if (url === null) return null;
      try {
        const response = await fetch(new URL(path, url), {
          method,
          headers: {
            authorization: `Bearer ${token}`,
            'x-correlation-id': randomUUID(),
            ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          signal: AbortSignal.timeout(ANSWER_MS),
        });
        const answer = { status: response.status, body: await response.json() };
        if (answer.status === 401) token = await enter(world);
        return answer;
      } catch {
        return null;
      }
    },
  };
}

function enter(world: World): Promise<string> {
  return eventually(() => signIn(world.api.url() ?? '', ADMIN), {
    ...{ what: 'the admin signs in', timeoutMs: SIGN_IN_MS, intervalMs: 1_000 },
  });
}
