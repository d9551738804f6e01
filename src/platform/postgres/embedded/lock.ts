/** One run at a time on a data folder. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rename, rm, rmdir, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { errorText, StartError } from '../../lifecycle/errors.ts';
import { processIdentity } from './process-identity.ts';

const holder = z.object({ pid: z.int(), identity: z.string() });

export interface FolderLock {
  release: () => Promise<void>;
}

/**
 * Takes the lock, or says who has it. The lock of a process that is gone is taken over, even if its number
 * belongs to another process by now.
 *
 * The lock is a folder with one file, which names the holder. A folder with the next holder's file is moved
 * onto it, which the system does in one step and only where there is nothing or an empty folder. What a dead
 * holder left is emptied first, by the file's own name: nobody can remove the file of one who came later.
 * @param lock path of the lock
 * @param dataDir what it guards, for the message
 * @throws StartError when a living process holds it
 */
export async function acquireFolderLock(lock: string, dataDir: string): Promise<FolderLock> {
  try {
    const draft = await mkdtemp(`${lock}-`);
    try {
      const file = `holder-${randomUUID()}`;
      const identity = await processIdentity(process.pid);
      await writeFile(join(draft, file), JSON.stringify({ pid: process.pid, identity }));
      while (!(await moveOnto(draft, lock))) await removeDeadHolder(lock, dataDir);
      return { release: () => release(lock, file) };
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError(`The data folder ${dataDir} can't be used: ${errorText(error)}`);
  }
}

/** @returns false when a holder's file is in the way */
async function moveOnto(draft: string, lock: string): Promise<boolean> {
  try {
    await rename(draft, lock);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOTEMPTY', 'EEXIST')) return false;
    throw error;
  }
}

async function removeDeadHolder(lock: string, dataDir: string): Promise<void> {
  try {
    for (const name of await readdir(lock)) {
      const living = await livingHolder(await readFile(join(lock, name), 'utf8'));
      if (living !== null) {
        throw new StartError(
          `The data folder ${dataDir} is in use by process ${living}: stop that one first, or set FMHL_DATA_DIR to another folder.`,
        );
      }
      await unlink(join(lock, name));
    }
  } catch (error) {
    // Another start, or the holder's end, was quicker.
    if (!hasCode(error, 'ENOENT')) throw error;
  }
}

async function livingHolder(content: string): Promise<number | null> {
  const parsed = holder.safeParse(parseJson(content));
  if (!parsed.success) return null;
  const { pid, identity } = parsed.data;
  return (await processIdentity(pid)) === identity ? pid : null;
}

async function release(lock: string, file: string): Promise<void> {
  await unlink(join(lock, file)).catch(() => undefined);
  await rmdir(lock).catch(() => undefined);
}

function hasCode(error: unknown, ...codes: string[]): boolean {
  return (
    error instanceof Error && 'code' in error && typeof error.code === 'string' && codes.includes(error.code)
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
