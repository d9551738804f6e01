/** PostgreSQL refuses to run as root: under which account it runs instead, and what that account can reach. */
import { spawn } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { StartError } from '../../lifecycle/errors.ts';

export interface Account {
  uid: number;
  gid: number;
}

/** `nobody`, everywhere on Linux. */
const UNPRIVILEGED = 65_534;

/** Nothing of our environment (PGDATA, LD_LIBRARY_PATH, a locale that isn't there) may steer the server. */
export const SERVER_ENVIRONMENT = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };

/**
 * The account for the server on a folder; null means our own. Under root it is the folder's owner, so that
 * an ordinary user's data stays that user's, and an unprivileged one for a new folder.
 * @throws StartError when the folder belongs to somebody else, or on a system where root has no such account
 */
export async function chooseAccount(folder: string): Promise<Account | null> {
  const owner = await stat(folder).catch(() => null);
  if (process.getuid?.() !== 0) {
    if (owner !== null && owner.uid !== process.getuid?.()) {
      throw new StartError(
        `The embedded database in ${folder} belongs to another account (uid ${owner.uid}): start as that account or as root, or set FMHL_DATA_DIR or DATABASE_URL.`,
      );
    }
    return null;
  }
  if (process.platform !== 'linux') {
    throw new StartError(
      'The embedded database does not run as root here: start as an ordinary user, or set DATABASE_URL.',
    );
  }
  if (owner !== null && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  return { uid: UNPRIVILEGED, gid: UNPRIVILEGED };
}

/** Whether the account may enter every folder on the way to this one, and read it. */
export async function canReach(account: Account | null, folder: string): Promise<boolean> {
  // Asked of the system itself: modes, ACLs and mounts all have a say.
  const probe = spawn('/bin/sh', ['-c', 'cd "$0" && [ -r . ]', folder], {
    ...account,
    cwd: '/',
    env: SERVER_ENVIRONMENT,
    stdio: 'ignore',
  });
  return new Promise((resolve, reject) => {
    probe.once('error', (error) =>
      reject(
        new StartError(
          `The embedded database can't be started under uid ${account?.uid ?? 'of this process'} (${error.message}): start as an ordinary user, or set DATABASE_URL.`,
        ),
      ),
    );
    probe.once('exit', (code) => resolve(code === 0));
  });
}
