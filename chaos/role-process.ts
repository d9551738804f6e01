/** A role of the product that dies and comes back: started again as often as it ends, like a supervisor would. */
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { logLine, type LogEvent } from '../contract/log.ts';
import { endChild, hasEnded, spawnChild } from '../test/helpers/children.ts';
import { eventually } from '../test/helpers/eventually.ts';
import type { TcpProxy } from '../test/helpers/tcp-proxy.ts';

export type ChaosRole = 'api' | 'worker' | 'housekeeping';

export interface RoleProcess {
  /** `worker-1`. */
  name: string;
  role: ChaosRole;
  /** What it reaches Redis through, and PostgreSQL. */
  redis: TcpProxy;
  postgres: TcpProxy;
  pid: () => number;
  /** Where it listens; null until it is ready. */
  url: () => string | null;
  /** When it last told an event, in milliseconds since the epoch; 0 for never in this life. */
  lastAt: (event: LogEvent) => number;
  /** How often it was started. */
  starts: () => number;
  untilReady: (timeoutMs?: number) => Promise<void>;
  /** SIGKILL; it is started again by itself. Resolves when the old process is gone. */
  kill9: () => Promise<void>;
  /** SIGSTOP, and SIGCONT to the same process. */
  freeze: () => { thaw: () => void };
  /** Ends it for good. */
  close: () => Promise<void>;
}

interface Life {
  child: ChildProcess;
  url: string | null;
  lastAt: Map<LogEvent, number>;
}

const ROOT = join(import.meta.dirname, '..');
const EVENTS = new Set<LogEvent>(['process_ready', 'leader_elected', 'leader_lost']);
/** A role that could not start, because what it needs is down, is tried again after this. */
const RESTART_MS = 200;

export interface RoleProcessOptions {
  name: string;
  role: ChaosRole;
  /** Where the built roles lie. */
  folder: string;
  redis: TcpProxy;
  postgres: TcpProxy;
  env: Record<string, string>;
  /** Told what a process said on standard error when it ended by itself. */
  onFailure: (what: string) => void;
}

export function startRoleProcess(options: RoleProcessOptions): RoleProcess {
  const { name, role, redis, postgres } = options;
  let closing = false;
  let starts = 0;
  let life = launch();

  function launch(): Life {
    starts += 1;
    const next = spawnLife(options);
    next.child.once('exit', (code, signal) => {
      if (signal === null) options.onFailure(`${name} ended with exit code ${code ?? 'unknown'}`);
      void pause(RESTART_MS).then(() => {
        if (!closing) life = launch();
      });
    });
    return next;
  }

  return {
    ...{ name, role, redis, postgres },
    pid: () => life.child.pid ?? 0,
    url: () => (hasEnded(life.child) ? null : life.url),
    lastAt: (event) => life.lastAt.get(event) ?? 0,
    starts: () => starts,
    untilReady: async (timeoutMs = 60_000) => {
      await eventually(() => !hasEnded(life.child) && life.url !== null, {
        ...{ what: `${name} is ready`, timeoutMs },
      });
    },
    kill9: () => endChild(life.child, 'SIGKILL'),
    freeze: () => {
      const { child } = life;
      child.kill('SIGSTOP');
      return { thaw: () => void child.kill('SIGCONT') };
    },
    close: async () => {
      closing = true;
      await endChild(life.child, 'SIGKILL');
    },
  };
}

function spawnLife({ role, env, name, folder, onFailure }: RoleProcessOptions): Life {
  const child = spawnChild(process.execPath, ['--enable-source-maps', join(folder, `${role}.mjs`)], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, PORT: '0', ...env },
  });
  const life: Life = { child, url: null, lastAt: new Map() };
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on('line', (text) => {
      const line = logLine.parse(JSON.parse(text));
      if (!EVENTS.has(line.event)) return;
      life.lastAt.set(line.event, Date.parse(line.time));
      if (line.event === 'process_ready') life.url = String(line.metadata.url);
    });
  }
  child.stderr?.on('data', (text: Buffer) => onFailure(`${name}: ${text.toString().trim()}`));
  return life;
}
