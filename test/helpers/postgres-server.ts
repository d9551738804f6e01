import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../../src/platform/postgres/embedded/index.ts';
import { killAfterUs, removeAfterUs } from './children.ts';
import { captureLog } from './log.ts';

export interface PostgresServer {
  /** Of the database `postgres`, as superuser. */
  url: string;
  pid: number;
  stop: () => Promise<void>;
}

/** A throw-away PostgreSQL server, fast because it does not care to survive a crash. */
export async function startPostgresServer(settings: Record<string, string> = {}): Promise<PostgresServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'fmhl-postgres-'));
  removeAfterUs(dataDir);
  const server = await startEmbeddedPostgres({
    dataDir,
    logger: captureLog().logger,
    settings: {
      fsync: 'off',
      synchronous_commit: 'off',
      full_page_writes: 'off',
      max_connections: '300',
      ...settings,
    },
  });
  const { spare } = killAfterUs(server.pid);
  return {
    url: server.url,
    pid: server.pid,
    stop: async () => {
      await server.stop();
      spare();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
