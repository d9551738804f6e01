import { spawnSync, type StdioOptions } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The Debian package that brings each program that the tests run. */
const PACKAGES: Readonly<Record<string, string>> = {
  'redis-server': 'redis-server',
  promtool: 'prometheus',
  amtool: 'prometheus-alertmanager',
  chromium: 'chromium',
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

/** Asked by Debian's packages before they start their services; 101 means no. */
const POLICY = '/usr/sbin/policy-rc.d';

function install(packages: string[]): void {
  const quiet = {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'ignore', 'inherit'] satisfies StdioOptions,
  };
  // Container images often have a policy already.
  const ours = !existsSync(POLICY);
  try {
    if (ours) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
    spawnSync('apt-get', ['update', '-qq'], quiet);
    spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], quiet);
  } finally {
    if (ours) rmSync(POLICY, { force: true });
  }
}

function isInstalled(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}
