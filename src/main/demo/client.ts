import { setTimeout as pause } from 'node:timers/promises';
import { TOTP } from 'otpauth';
import type { z } from 'zod';
import { sessionResponse } from '../../../contract/auth.ts';

/** An answer of the API that the demo did not expect. */
export class DemoApiError extends Error {
  override name = 'DemoApiError';
  readonly status: number;
  constructor(method: string, path: string, status: number, body: string) {
    super(`${method} ${path} answered ${status}: ${body.slice(0, 200)}`);
    this.status = status;
  }
}

export interface Credentials {
  email: string;
  password: string;
  /** Null for a user without MFA. */
  totpSecret: string | null;
}

/** Calls the API as somebody; answers are checked against the contract. */
export interface Client {
  get: <S extends z.ZodType>(path: string, schema: S) => Promise<z.output<S>>;
  post: <S extends z.ZodType>(path: string, body: object | null, schema: S) => Promise<z.output<S>>;
  patch: (path: string, body: object) => Promise<void>;
  delete: (path: string) => Promise<void>;
}

const REQUEST_TIMEOUT_MS = 10_000;

export function createClient(url: string, token: string | null): Client {
  const call = async (method: string, path: string, body: object | null): Promise<unknown> => {
    const response = await fetch(`${url}${path}`, {
      method,
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(body === null ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === null ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new DemoApiError(method, path, response.status, text);
    return text === '' ? null : JSON.parse(text);
  };
  return {
    get: async (path, schema) => schema.parse(await call('GET', path, null)),
    post: async (path, body, schema) => schema.parse(await call('POST', path, body)),
    patch: async (path, body) => {
      await call('PATCH', path, body);
    },
    delete: async (path) => {
      await call('DELETE', path, null);
    },
  };
}

/** Signs in, and waits for the next code where this half minute's was used already. */
export async function signIn(url: string, who: Credentials, signal: AbortSignal): Promise<Client> {
  for (;;) {
    const { email, password } = who;
    const first = await createClient(url, null).post(
      '/api/v1/auth/login',
      { email, password },
      sessionResponse,
    );
    if (who.totpSecret === null) return createClient(url, first.token);
    const totp = new TOTP({ secret: who.totpSecret });
    try {
      const challenged = createClient(url, first.token);
      const full = await challenged.post(
        '/api/v1/auth/mfa/verify',
        { code: totp.generate() },
        sessionResponse,
      );
      return createClient(url, full.token);
    } catch (error) {
      if (!(error instanceof DemoApiError) || error.status !== 401) throw error;
      await pause(totp.remaining() + 500, undefined, { signal });
    }
  }
}
