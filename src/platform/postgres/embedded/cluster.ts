/** The database files: made once, in one step that either happened or did not. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { errorText, StartError } from '../../lifecycle/errors.ts';
import { type Account, canReach, SERVER_ENVIRONMENT } from './account.ts';

const run = promisify(execFile);
/** About 1 s on a common disk; a slow one may take its time. */
const INITDB_TIMEOUT_MS = 120_000;
/** The server's major version, which the files must have been made by. */
const MAJOR = '18';
export const DATABASE_USER = 'fmhl';

/** What lies in a cluster's folder, which belongs to the server's account and is closed to others. */
export const clusterPaths = (folder: string) => ({
  data: join(folder, 'data'),
  password: join(folder, 'password'),
  port: join(folder, 'port'),
});

/**
 * How a program of the account names the folder that it was started in. An account that can't pass the
 * folders above (a project below /root, which is closed to others) can still stay in a working directory
 * that it was given, and Linux has a path for that.
 */
export async function nameForServer(account: Account | null, folder: string): Promise<string> {
  return (await canReach(account, folder)) ? folder : '/proc/self/cwd';
}

/** @returns whether there is a cluster; false for a folder that is missing or empty
 * @throws StartError when the folder holds anything else */
export async function hasCluster(folder: string): Promise<boolean> {
  const { data, password } = clusterPaths(folder);
  const names = await readdir(folder).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw new StartError(`The embedded database's folder ${folder} can't be read: ${errorText(error)}`);
  });
  if (names.length === 0) return false;
  const version = await readFile(join(data, 'PG_VERSION'), 'utf8').catch(() => null);
  const secret = await readFile(password, 'utf8').catch(() => '');
  if (version === null || secret === '') {
    throw new StartError(
      `${folder} is not a complete embedded database: move it away (or set FMHL_DATA_DIR) to start with an empty one.`,
    );
  }
  if (version.trim() !== MAJOR) {
    throw new StartError(
      `${folder} was made by PostgreSQL ${version.trim()}; this is PostgreSQL ${MAJOR}. Dump it with the old version and load it into a new folder.`,
    );
  }
  return true;
}

/**
 * Makes a cluster with a superuser `fmhl` and a random password. It is made beside its place and moved
 * there when complete, so that a start that was killed leaves nothing half-made in the way.
 * @param folder missing or empty
 * @throws StartError with the reason that initdb gave
 */
export async function createCluster(
  folder: string,
  binaries: (home: string) => Promise<string>,
  account: Account | null,
): Promise<void> {
  const draft = `${folder}.new`;
  // The caller holds the lock of the folder: a draft is what a killed start left.
  await rm(draft, { recursive: true, force: true });
  const { data, password } = clusterPaths(draft);
  await mkdir(data, { recursive: true, mode: 0o700 });
  await writeFile(password, randomBytes(24).toString('base64url'), { mode: 0o600 });
  for (const path of [draft, data, password]) {
    if (account !== null) await chown(path, account.uid, account.gid);
  }
  await chmod(draft, 0o700);
  const here = await nameForServer(account, data);
  try {
    await run(
      join(await binaries(draft), 'bin', 'initdb'),
      [
        `--pgdata=${here}`,
        `--username=${DATABASE_USER}`,
        // Through the working directory, as the account may not know another way to it.
        `--pwfile=${here}/../password`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        '--locale=C',
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        '--no-instructions',
      ],
      { ...account, cwd: data, env: SERVER_ENVIRONMENT, timeout: INITDB_TIMEOUT_MS },
    );
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw new StartError(`The embedded database can't be made in ${folder}: ${lastLine(error)}`);
  }
  await rename(draft, folder);
}

function lastLine(error: unknown): string {
  const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
  const text = stderr === '' ? String(error) : stderr;
  return text.split('\n').findLast((line) => line.startsWith('initdb: error')) ?? text;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
