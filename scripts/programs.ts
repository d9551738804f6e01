import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The Debian package that brings each program that the tests run. */
const PACKAGES: Readonly<Record<string, string>> = {
  'redis-server': 'redis-server',
  promtool: 'prometheus',
};

/**
 * Sees to it that programs are there: installs what is missing where that is allowed (root on Debian or
 * Ubuntu), else says in one line what to install.
 * @returns whether all are there now
 */
export function requirePrograms(programs: readonly string[]): boolean {
  let missing = programs.filter((program) => !isInstalled(program));
  if (missing.length === 0) return true;
  const packages = missing.map((program) => PACKAGES[program] ?? program);
  if (process.getuid?.() === 0 && isInstalled('apt-get')) {
    process.stdout.write(`Installing ${packages.join(', ')} for the tests…\n`);
    install(packages);
    missing = programs.filter((program) => !isInstalled(program));
    if (missing.length === 0) return true;
  }
  process.stderr.write(
    `The tests need ${missing.join(', ')}. Install ${packages.join(', ')} (Debian, Ubuntu: apt-get install ${packages.join(' ')}).\n`,
  );
  return false;
}

function install(packages: string[]): void {
  // The packages would start their servers; RUNLEVEL=1 tells their scripts not to.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const quiet = { env, stdio: ['ignore', 'ignore', 'inherit'] as ['ignore', 'ignore', 'inherit'] };
  spawnSync('apt-get', ['update', '-qq'], quiet);
  spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], quiet);
}

function isInstalled(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}
