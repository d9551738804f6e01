import { after, before } from 'node:test';
import type { ProcessRole } from '../../contract/log.ts';
import { loadConfig } from '../../src/config/config.ts';
import { buildServer } from '../../src/main/http.ts';
import type { AnyQueueDefinition } from '../../src/ops/queues/definition.ts';
import type { AccessGuard } from '../../src/ops/access/guard.ts';
import type { HttpServer } from '../../src/platform/http/types.ts';
import { adminToken } from './access.ts';
import { createTestSystem, testQueue, type TestSystem } from './system.ts';

export interface Answer {
  status: number;
  /** The parsed JSON. */
  body: unknown;
  headers: Record<string, unknown>;
}

export interface TestApi {
  app: HttpServer;
  guard: AccessGuard;
  /** Calls as an admin with MFA, unless another token is given; `null` calls as nobody. */
  call: (method: 'GET' | 'POST' | 'DELETE', url: string, options?: CallOptions) => Promise<Answer>;
  close: () => Promise<void>;
}

export interface CallOptions {
  body?: object;
  token?: string | null;
  headers?: Record<string, string>;
}

/**
 * The product's own server, as the `api` role builds it, on a test system.
 * @param options.env what the configuration is read from; default: nothing is set
 */
export async function createTestApi(
  system: TestSystem,
  queues: readonly AnyQueueDefinition[] = [testQueue],
  { role = 'api', env = {} }: { role?: ProcessRole; env?: Record<string, string> } = {},
): Promise<TestApi> {
  const services = {
    ...system,
    pool: system.database.pool,
    config: loadConfig(role, env),
    role,
    queues,
    queueNames: queues.map(({ name }) => name),
  };
  const { app, guard } = await buildServer(services, () => 'http://localhost:3000');
  const admin = await adminToken(system.db);
  return {
    app,
    guard,
    call: async (method, url, { body, token = admin, headers = {} } = {}) => {
      const response = await app.inject({
        method,
        url,
        headers: { ...headers, ...(token === null ? {} : { authorization: `Bearer ${token}` }) },
        ...(body === undefined ? {} : { payload: body }),
      });
      return {
        status: response.statusCode,
        body: response.body === '' ? null : response.json(),
        headers: response.headers,
      };
    },
    close: () => app.close(),
  };
}

/**
 * Makes a system and its API before the tests of the file that calls this, and closes them afterwards.
 * @param use keeps them where the tests find them, and makes what else there must be (Node does not wait for one
 *   `before` of a file with the next)
 */
export function useTestApi(
  use: (made: { system: TestSystem; api: TestApi }) => unknown,
  queues: readonly AnyQueueDefinition[] = [testQueue],
): void {
  let close = (): Promise<void> => Promise.resolve();
  before(async () => {
    const system = await createTestSystem('redis', { queues: queues.map(({ name }) => name) });
    close = () => system.close();
    const api = await createTestApi(system, queues);
    close = async () => {
      await api.close();
      await system.close();
    };
    await use({ system, api });
  });
  after(() => close());
}
