import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { logLine, type LogLine, type ProcessRole } from '../../contract/log.ts';
import { endChild, hasEnded, spawnChild } from './children.ts';
import { eventually } from './eventually.ts';

const ROOT = join(import.meta.dirname, '../..');

/** A role of the product in a process of its own, started as `npm run <role>` does. */
export interface RunningRole {
  role: ProcessRole | 'demo';
  url: string;
  pid: number;
  child: ChildProcess;
  /** The lines of its log so far; each must fit the schema of log lines. */
  lines: () => LogLine[];
  /** What it wrote to standard error: the banner, or why it did not start. */
  errorOutput: () => string;
  /** SIGTERM, and wait for its end; the exit code. */
  stop: () => Promise<number | null>;
  kill9: () => Promise<void>;
}

export interface RoleOptions {
  env: Record<string, string>;
  args?: string[];
  cwd?: string;
}

/** Starts a role and waits until it says that it is ready. */
export async function startRole(role: ProcessRole, options: RoleOptions): Promise<RunningRole> {
  const running = launchRole(role, options);
  const ready = await eventually(
    () =>
      running.lines().find((line) => line.event === 'process_ready') ??
      (hasEnded(running.child) ? null : undefined),
    { what: `${role} is ready`, timeoutMs: 60_000 },
  );
  if (ready === null) throw new Error(`${role} ended: ${running.errorOutput()}`);
  return { ...running, url: String(ready.metadata.url) };
}

/** Starts a role without waiting for anything. */
export function launchRole(
  role: ProcessRole | 'demo',
  { env, args = [], cwd = ROOT }: RoleOptions,
): RunningRole {
  const entry = join(ROOT, 'src/main', `${role}.ts`);
  const child = spawnChild(
    process.execPath,
    ['--import', join(ROOT, 'node_modules/tsx/dist/loader.mjs'), entry, ...args],
    {
      cwd,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, PORT: '0', ...env },
    },
  );
  let output = '';
  let errors = '';
  child.stdout?.on('data', (text: Buffer) => (output += text.toString()));
  child.stderr?.on('data', (text: Buffer) => (errors += text.toString()));
  return {
    role,
    url: '',
    pid: child.pid ?? 0,
    child,
    lines: () =>
      output
        .split('\n')
        .slice(0, -1)
        .map((line) => logLine.parse(JSON.parse(line))),
    errorOutput: () => errors,
    stop: async () => {
      await endChild(child);
      return child.exitCode;
    },
    kill9: () => endChild(child, 'SIGKILL'),
  };
}
