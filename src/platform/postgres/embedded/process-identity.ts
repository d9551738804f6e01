/** Tells a process from a later one that was given the same number. */
import { execFile } from 'node:child_process';
import { readFile, readlink } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const isLinux = process.platform === 'linux';

/**
 * What a process has that no other process of that number ever had: the moment of its start.
 * @returns null when there is no such process; a zombie, which only waits to be collected, is none
 */
export async function processIdentity(pid: number): Promise<string | null> {
  try {
    if (!isLinux) {
      const { stdout } = await run('ps', ['-o', 'lstart=', '-p', String(pid)]);
      return stdout.trim() === '' ? null : stdout.trim();
    }
    const [stat, boot] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
    ]);
    // proc(5): the name may hold spaces and brackets, so count from its end: field 3 is the state, 22 the start.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[19] === undefined ? null : `${boot.trim()}:${fields[19]}`;
  } catch {
    return null;
  }
}

/**
 * Whether the process is a PostgreSQL server on this folder. A server keeps its data folder as its working
 * directory; where that can't be seen, the folder stands on its command line.
 * @param folder absolute and free of symbolic links
 */
export async function isServerOn(pid: number, folder: string): Promise<boolean> {
  if ((await processIdentity(pid)) === null) return false;
  try {
    if (isLinux) return (await readlink(`/proc/${pid}/cwd`)) === folder;
    const { stdout } = await run('ps', ['-o', 'args=', '-p', String(pid)]);
    return stdout.includes('postgres') && stdout.includes(folder);
  } catch {
    // Another account's process: our server runs under an account that we may look into.
    return false;
  }
}
