/** A PostgreSQL of our own, for a machine that has none. */
import { mkdir, realpath, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorText, StartError } from '../../lifecycle/errors.ts';
import type { Logger } from '../../logging/logger.ts';
import { chooseAccount } from './account.ts';
import { findNativePackage, provideBinaries } from './binaries.ts';
import { clusterPaths, createCluster, DATABASE_USER, hasCluster } from './cluster.ts';
import { acquireFolderLock } from './lock.ts';
import { keepRunning } from './keep-running.ts';
import { findServer, launch, type ServerOptions, stopServer } from './server.ts';

export interface EmbeddedPostgresOptions {
  /** Created if missing. The database lies in `postgres/` below it, the server's log in `postgres.log`. */
  dataDir: string;
  logger: Logger;
  /** Settings of postgresql.conf that win over ours: `{ fsync: 'off' }`. */
  settings?: Record<string, string>;
}

export interface EmbeddedPostgres {
  /** With the password: not for the log. */
  url: string;
  port: number;
  /** Of the server's main process; another one after the server died and was started again. */
  readonly pid: number;
  /** Resolves when the server is gone and the folder is free. May be called more than once. */
  stop: () => Promise<void>;
}

/**
 * Starts PostgreSQL on a data folder, which is made at the first start. Data survive restarts and kill -9
 * of everything. A server that a killed run left behind is stopped and replaced. It listens on 127.0.0.1 alone,
 * on the same port each time while that is free. A server that dies while we run is started again.
 * @throws StartError when the folder is in use or unusable, or the machine is not supported
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const startedMs = performance.now();
  const dataDir = await makeFolder(options.dataDir);
  const lock = await acquireFolderLock(join(dataDir, 'postgres.lock'), dataDir);
  try {
    const launchOptions = await prepare(options, dataDir);
    const { port, ...server } = await launch(launchOptions);
    const password = await readFile(clusterPaths(launchOptions.folder).password, 'utf8');
    const { logger } = options;
    const kept = keepRunning(
      { port, ...server },
      (signal) => launch({ ...launchOptions, port, signal }),
      logger,
    );
    logger.info('embedded_postgres_started', {
      folder: dataDir,
      port,
      server_pid: server.pid,
      duration_ms: Math.round(performance.now() - startedMs),
    });
    let stopped: Promise<void> | undefined;
    return {
      url: `postgres://${DATABASE_USER}:${password}@127.0.0.1:${port}/postgres`,
      port,
      get pid() {
        return kept.pid();
      },
      stop: () => (stopped ??= kept.stop().finally(lock.release)),
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** Everything before the server itself: the account, the programs, the files, and nobody else on them. */
async function prepare(
  { logger, settings = {} }: EmbeddedPostgresOptions,
  dataDir: string,
): Promise<ServerOptions> {
  const folder = join(dataDir, 'postgres');
  const account = await chooseAccount(folder);
  const native = await findNativePackage();
  const binaries = (home: string) => provideBinaries(native, account, home);
  if (!(await hasCluster(folder))) await createCluster(folder, binaries, account);
  const { data } = clusterPaths(folder);
  const left = await findServer(data);
  if (left !== null) {
    logger.warn('embedded_postgres_taken_over', { folder: dataDir, server_pid: left });
    await stopServer(left);
  }
  return {
    folder,
    binaries: await binaries(folder),
    account,
    settings,
    logFile: join(dataDir, 'postgres.log'),
  };
}

async function makeFolder(path: string): Promise<string> {
  try {
    await mkdir(path, { recursive: true });
    // The kernel names folders without symbolic links, and we compare with what it says.
    return await realpath(path);
  } catch (error) {
    throw new StartError(`The data folder ${path} can't be used: ${errorText(error)}`);
  }
}
