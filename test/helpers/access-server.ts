import { after, before } from 'node:test';
import { accountRoutes } from '../../src/ops/access/account-routes.ts';
import { apiTokenRoutes } from '../../src/ops/access/api-tokens/routes.ts';
import type { TryLimit } from '../../src/ops/access/request.ts';
import { accessRoutes } from '../../src/ops/access/routes.ts';
import { userRoutes } from '../../src/ops/access/users/routes.ts';
import { type AccessGuard, installAccess } from '../../src/ops/access/guard.ts';
import { createPasswords, type Passwords } from '../../src/ops/access/passwords.ts';
import type { SignInOutcome } from '../../src/ops/access/types.ts';
import { createHttpServer } from '../../src/platform/http/server.ts';
import type { Access, HttpServer } from '../../src/platform/http/types.ts';
import type { Clock } from '../../src/platform/lifecycle/clock.ts';
import type { Db } from '../../src/platform/postgres/db.ts';
import { type CapturedLog, captureLog } from './log.ts';
import { createTestDatabase, type TestDatabase } from './postgres.ts';

export interface FakeClock extends Clock {
  advance: (ms: number) => void;
}

/** A clock that stands still until it is told to move. */
export function fakeClock(startMs = Date.parse('2026-01-02T14:30:10Z')): FakeClock {
  let nowMs = startMs;
  return {
    now: () => nowMs,
    advance: (ms) => {
      nowMs += ms;
    },
  };
}

export interface CallOptions {
  body?: unknown;
  /** Sent as `Authorization: Bearer …`. */
  token?: string;
  headers?: Record<string, string>;
  /** The address of the socket's peer. */
  peer?: string;
}

export interface Answer {
  status: number;
  body: Record<string, unknown>;
  headers: Record<string, number | string | string[] | undefined>;
}

export interface AccessServer {
  app: HttpServer;
  guard: AccessGuard;
  clock: FakeClock;
  log: CapturedLog;
  outcomes: SignInOutcome[];
  call: (
    method: 'GET' | 'POST' | 'PATCH' | 'HEAD' | 'DELETE',
    url: string,
    options?: CallOptions,
  ) => Promise<Answer>;
  close: () => Promise<void>;
}

export interface AccessServerOptions {
  db: Db;
  clock?: FakeClock;
  /** Default: no limit that a test meets by accident. */
  tryLimit?: TryLimit | undefined;
  /** Default: the real ones. */
  passwords?: Passwords;
  internalRanges?: string[];
  trustProxy?: string[];
}

/**
 * A database and a server of its own for a test file, which ends with it.
 * @param given called before the first test with both
 */
export function useAccessServer(
  given: (made: { database: TestDatabase; server: AccessServer }) => void,
): void {
  let made: { database: TestDatabase; server: AccessServer } | undefined;
  before(async () => {
    const database = await createTestDatabase();
    made = { database, server: await createAccessServer({ db: database.db }) };
    given(made);
  });
  after(async () => {
    await made?.server.close();
    await made?.database.drop();
  });
}

/** A real server with sign-in, the guard, and one route of each kind under `/probe/`. */
export async function createAccessServer(options: AccessServerOptions): Promise<AccessServer> {
  const { db, clock = fakeClock(), internalRanges, trustProxy = [] } = options;
  const log = captureLog();
  const outcomes: SignInOutcome[] = [];
  const app = await createHttpServer({ logger: log.logger, onRequest: () => undefined, trustProxy });
  const guard = await installAccess(app, { db, clock, internalRanges, publicPrefixes: ['/api/docs'] });
  const tryLimit = 'tryLimit' in options ? options.tryLimit : { max: 10_000, windowMs: 60_000 };
  const deps = {
    db,
    clock,
    passwords: options.passwords ?? (await createPasswords()),
    onSignIn: (outcome: SignInOutcome) => outcomes.push(outcome),
    tryLimit,
  };
  accessRoutes(app, deps);
  accountRoutes(app, deps);
  userRoutes(app, deps);
  apiTokenRoutes(app, deps);
  probeRoutes(app);
  await app.ready();

  return {
    app,
    guard,
    clock,
    log,
    outcomes,
    call: async (method, url, { body, token, headers = {}, peer = '127.0.0.1' } = {}) => {
      const answer = await app.inject({
        method,
        url,
        remoteAddress: peer,
        headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...headers },
        ...(body === undefined ? {} : { payload: body as object }),
      });
      const text = answer.body === '' ? '{}' : answer.body;
      return {
        status: answer.statusCode,
        body: JSON.parse(text) as Record<string, unknown>,
        headers: answer.headers,
      };
    },
    close: () => app.close(),
  };
}

function probeRoutes(app: HttpServer): void {
  const kinds: Access[] = [
    ...(['public', 'internal', 'session', 'user', 'provider', 'admin'] as const),
    // What staff may, what operators may, what admins alone may.
    ...(['queues.view', 'dead_letters.resolve', 'dead_letters.reveal'] as const),
  ];
  for (const access of kinds) {
    app.get(`/probe/${access}`, { config: { access } }, ({ actor }) => ({ actor }));
    app.post(`/probe/${access}`, { config: { access } }, ({ actor }) => ({ actor }));
  }
  app.post('/probe/confirmed', { config: { access: 'user', confirmed: true } }, ({ actor }) => ({ actor }));
  app.get('/probe/undeclared', ({ actor }) => ({ actor }));
  app.get('/api/docs/json', () => ({}));
  app.post('/api/docs/json', () => ({}));
  app.get('/api/docsecrets', () => ({}));
}
