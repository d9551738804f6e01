import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';

/**
 * A shell that outlives us by a moment. It reads what we started, and when its input ends, because we ended,
 * kill -9 included, it ends and removes what is left of that.
 */
const WATCHDOG = `
while read -r verb what; do
  case $verb in
    kill) pids="$pids $what" ;;
    spare) left=; for pid in $pids; do [ "$pid" = "$what" ] || left="$left $pid"; done; pids=$left ;;
    remove) set -- "$@" "$what" ;;
  esac
done
for pid in $pids; do kill -9 "$pid"; done
rm -rf "$@" || { sleep 1; rm -rf "$@"; }
`;

let watchdog: Writable | undefined;

function tellWatchdog(line: string): void {
  if (watchdog === undefined) {
    const shell = spawn('/bin/sh', ['-c', WATCHDOG, 'watchdog'], {
      // A Ctrl-C is for us; the watchdog acts after us.
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    shell.unref();
    // Its type says less: a pipe is a socket to Node.
    if (shell.stdin instanceof Socket) shell.stdin.unref();
    watchdog = shell.stdin;
  }
  watchdog.write(`${line}\n`);
}

/** Kills a process once this one has ended, however it ends; `spare` takes that back. */
export function killAfterUs(pid: number): { spare: () => void } {
  tellWatchdog(`kill ${pid}`);
  return { spare: () => tellWatchdog(`spare ${pid}`) };
}

/** Removes a folder once this process has ended. */
export function removeAfterUs(folder: string): void {
  tellWatchdog(`remove ${folder}`);
}

/** Spawns a process that does not outlive this one, however this one ends. */
export function spawnChild(command: string, args: string[], options: SpawnOptions = {}): ChildProcess {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  if (child.pid !== undefined) child.once('exit', killAfterUs(child.pid).spare);
  return child;
}

export function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** Sends a signal and waits until the process is gone. */
export async function endChild(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (hasEnded(child)) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  await gone;
}
