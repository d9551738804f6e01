/** The product as it runs, for visits of its admin UI: real roles on a database, a Redis and a mail server. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { UserRole } from '../../contract/access.ts';
import type { ProcessRole } from '../../contract/log.ts';
import { makeUser, sessionFor, type TestUser } from '../helpers/access.ts';
import { removeAfterUs } from '../helpers/children.ts';
import { freePort } from '../helpers/ports.ts';
import { createTestDatabase, type TestDatabase } from '../helpers/postgres.ts';
import { type RunningRole, startRole } from '../helpers/processes.ts';
import { testRedisUrl, uniquePrefix } from '../helpers/redis.ts';
import { startSmtp, type TestSmtp } from '../helpers/smtp.ts';

export interface Running {
  /** Of the process that serves the UI. */
  url: string;
  db: TestDatabase['db'];
  smtp: TestSmtp;
  /** A user with a session, as if signed in a moment ago. */
  signedIn: (role: UserRole) => Promise<{ user: TestUser; session: string }>;
  /** Ends the process that serves the UI, and starts it again at the same address. */
  end: () => Promise<void>;
  again: () => Promise<void>;
  /** What the first process printed for a person. */
  banner: () => string;
  stop: () => Promise<void>;
}

/** @param roles the first serves the UI; default: one process with all roles */
export async function startProduct(
  roles: readonly [ProcessRole, ...ProcessRole[]] = ['start'],
  more: Record<string, string> = {},
): Promise<Running> {
  const [database, smtp, redisUrl, port, dataDir] = await Promise.all([
    createTestDatabase(),
    startSmtp(),
    testRedisUrl(),
    freePort(),
    mkdtemp(join(tmpdir(), 'fmhl-ui-')),
  ]);
  removeAfterUs(dataDir);
  const env = {
    DATABASE_URL: database.url,
    REDIS_URL: redisUrl,
    FMHL_REDIS_PREFIX: uniquePrefix(),
    FMHL_DATA_DIR: dataDir,
    SMTP_URL: smtp.url,
    FMHL_QUEUE_EMAIL_SEND_BACKOFF_MS: '50,100,100',
    FMHL_SHUTDOWN_DRAIN_MS: '0',
    ...more,
  };
  const [first, ...others] = roles;
  const serve = (): Promise<RunningRole> => startRole(first, { env: { ...env, PORT: String(port) } });
  let server: RunningRole;
  const [served, ...beside] = await Promise.all([serve(), ...others.map((role) => startRole(role, { env }))]);
  server = served;
  const { db } = database;
  return {
    url: server.url,
    db,
    smtp,
    signedIn: async (role) => {
      const user = await makeUser(db, role);
      return { user, session: await sessionFor(db, user) };
    },
    end: () => server.kill9(),
    again: async () => {
      server = await serve();
    },
    banner: () => served.errorOutput(),
    stop: async () => {
      await Promise.all([server, ...beside].map((role) => role.kill9()));
      await Promise.all([database.drop(), smtp.stop()]);
    },
  };
}
