/** One PostgreSQL server process: started, awaited, stopped. */
import { spawn } from 'node:child_process';
import { open, readFile, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { StartError } from '../../lifecycle/errors.ts';
import { type Account, SERVER_ENVIRONMENT } from './account.ts';
import { clusterPaths, nameForServer } from './cluster.ts';
import { isServerOn, processIdentity } from './process-identity.ts';

const POLL_MS = 10;
/** Replaying the log after a kill can take long; a start that doesn't end is still an error. */
const READY_TIMEOUT_MS = 120_000;
/** After kill -9 of a server its children notice within some 2 s, and hold its shared memory until then. */
const LEFTOVERS_TIMEOUT_MS = 15_000;
const LOG_MAX_BYTES = 5_000_000;

export interface ServerOptions {
  /** Folder of the cluster: absolute, free of symbolic links. */
  folder: string;
  binaries: string;
  account: Account | null;
  settings: Readonly<Record<string, string>>;
  logFile: string;
  /** Unset: the port of last time, or another one if that is taken. */
  port?: number;
  /** Ends the wait for what an earlier server left behind. */
  signal?: AbortSignal;
}

export interface Server {
  port: number;
  pid: number;
  /** Resolves with a signal or exit code when the process has ended, for whatever reason. */
  exited: Promise<string>;
  /** Resolves when the process is gone. */
  stop: () => Promise<void>;
}

/**
 * Starts the server and waits until it accepts connections.
 * @throws StartError with what the server said
 */
export async function launch(options: ServerOptions): Promise<Server> {
  const deadline = Date.now() + LEFTOVERS_TIMEOUT_MS;
  let port = options.port ?? (await choosePort(clusterPaths(options.folder).port));
  for (;;) {
    const attempt = await tryLaunch(options, port);
    if (typeof attempt !== 'string') {
      await writeFile(clusterPaths(options.folder).port, String(port));
      return attempt;
    }
    const portTaken = attempt.includes('could not create any TCP/IP sockets');
    const leftovers = /lock file "postmaster\.pid" already exists|shared memory block/.test(attempt);
    if (Date.now() > deadline || !(portTaken || leftovers)) {
      throw new StartError(
        `The embedded database in ${options.folder} does not start: ${reasonIn(attempt)} (more in ${options.logFile})`,
      );
    }
    if (portTaken && options.port === undefined) port = await freePort();
    else await pause(100, undefined, { signal: options.signal });
  }
}

/** @returns the server, or what it wrote before it gave up */
async function tryLaunch(options: ServerOptions, port: number): Promise<Server | string> {
  const { data } = clusterPaths(options.folder);
  const settings: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    // No socket file: a password guards the only way in.
    unix_socket_directories: '',
    max_connections: '200',
    // A statement that fails is told to the caller, who logs it redacted; here it would be in clear.
    log_min_messages: 'log',
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
    log_checkpoints: 'off',
    ...options.settings,
  };
  await rotate(options.logFile);
  const log = await open(options.logFile, 'a', 0o600);
  const { size: start } = await log.stat();
  const child = spawn(
    join(options.binaries, 'bin', 'postgres'),
    [
      '-D',
      await nameForServer(options.account, data),
      '-p',
      String(port),
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    {
      ...options.account,
      cwd: data,
      env: SERVER_ENVIRONMENT,
      stdio: ['ignore', log.fd, log.fd],
      // Ctrl-C in a terminal reaches every process of its group: the server must outlive our own shutdown.
      detached: true,
    },
  );
  child.unref();
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code ?? 'unknown'}`));
  });
  await log.close();
  if (child.pid === undefined) return exited;
  const { pid } = child;
  const outcome = await untilReady(data, pid, exited);
  if (outcome !== 'ready') {
    const text = await readFile(options.logFile);
    return `${outcome}\n${text.subarray(start).toString('utf8')}`;
  }
  return {
    port,
    pid,
    exited,
    stop: async () => {
      child.ref();
      await stopServer(pid);
      await exited;
    },
  };
}

async function untilReady(data: string, pid: number, exited: Promise<string>): Promise<string> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  let ended: string | undefined;
  void exited.then((how) => (ended = how));
  while (ended === undefined) {
    // Line 8 of the file is how pg_ctl knows, too.
    const lines = await postmasterLines(data);
    if (lines[0]?.trim() === String(pid) && lines[7]?.trim() === 'ready') return 'ready';
    if (Date.now() > deadline) {
      await stopServer(pid);
      return `not ready after ${READY_TIMEOUT_MS / 1000} s`;
    }
    await pause(POLL_MS);
  }
  return ended;
}

/** The process id of the server that runs on the data folder, or null. Removes the trace of a dead one. */
export async function findServer(data: string): Promise<number | null> {
  const pid = Number((await postmasterLines(data))[0]);
  if (!Number.isInteger(pid) || pid < 2) return null;
  if (await isServerOn(pid, data)) return pid;
  // The number now belongs to a stranger, for whose sake PostgreSQL would refuse to start.
  if ((await processIdentity(pid)) !== null) await unlink(join(data, 'postmaster.pid'));
  return null;
}

/**
 * Ends a server and resolves when its process is gone: open transactions are rolled back and everything is
 * written. Harder ways follow if it hangs.
 */
export async function stopServer(pid: number): Promise<void> {
  const identity = await processIdentity(pid);
  if (identity === null) return;
  for (const [signal, patienceMs] of [
    ['SIGINT', 15_000],
    ['SIGQUIT', 8_000],
    ['SIGKILL', 5_000],
  ] as const) {
    const deadline = Date.now() + patienceMs;
    trySignal(pid, signal);
    while (Date.now() < deadline) {
      if ((await processIdentity(pid)) !== identity) return;
      await pause(POLL_MS);
    }
  }
  throw new Error(`The embedded database (process ${pid}) does not end`);
}

function trySignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended between our look and our signal.
  }
}

async function postmasterLines(data: string): Promise<string[]> {
  const text = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '');
  return text.split('\n');
}

function reasonIn(output: string): string {
  const lines = output.trim().split('\n');
  const told = lines.find((line) => /\b(FATAL|PANIC):/.test(line)) ?? lines.at(-1) ?? '';
  return told.replace(/^.*?\b(FATAL|PANIC):\s*/, '');
}

/** The port of last time while nobody else has it, so that what was configured with the URL keeps working. */
async function choosePort(file: string): Promise<number> {
  const before = Number(await readFile(file, 'utf8').catch(() => ''));
  if (Number.isInteger(before) && before > 0 && before < 65_536 && (await isFree(before))) return before;
  return freePort();
}

async function isFree(port: number): Promise<boolean> {
  return listenOnce(port).then(
    () => true,
    () => false,
  );
}

async function freePort(): Promise<number> {
  return listenOnce(0);
}

function listenOnce(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address() as AddressInfo;
      server.close(() => resolve(address.port));
    });
  });
}

async function rotate(file: string): Promise<void> {
  const size = await stat(file).then(
    (found) => found.size,
    () => 0,
  );
  if (size > LOG_MAX_BYTES) await rename(file, `${file}.1`);
}
