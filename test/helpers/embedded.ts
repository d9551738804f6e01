/** The embedded database in folders of a test, and in programs that a test can kill. */
import type { ChildProcess } from 'node:child_process';
import { chmod, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { z } from 'zod';
import type { EmbeddedPostgres } from '../../src/platform/postgres/embedded/index.ts';
import { findServer, stopServer } from '../../src/platform/postgres/embedded/server.ts';
import { spawnChild } from './children.ts';

const PROJECT = join(import.meta.dirname, '../..');

export interface OtherProgram extends Pick<EmbeddedPostgres, 'url' | 'pid'> {
  /** The program that started the server, which runs until it is killed. */
  child: ChildProcess;
}

/** A folder that every account may enter. */
export async function makeDataDir(): Promise<string> {
  const dataDir = await realpath(await mkdtemp(join(tmpdir(), 'fmhl-embedded-')));
  await chmod(dataDir, 0o755);
  return dataDir;
}

/** Ends a server that a failed test left on the folder. */
export async function endServerOn(dataDir: string): Promise<void> {
  const left = await findServer(join(dataDir, 'postgres', 'data'));
  if (left !== null) await stopServer(left);
}

export async function removeDataDir(dataDir: string): Promise<void> {
  await endServerOn(dataDir);
  await rm(dataDir, { recursive: true, force: true });
}

/** Runs one statement on a connection of its own. */
export async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

const PROGRAM = `
import { startEmbeddedPostgres } from './src/platform/postgres/embedded/index.ts';
import { createLogger } from './src/platform/logging/logger.ts';
const logger = createLogger({ level: 'fatal', role: 'start', version: '0.0.0-test' });
try {
  const { url, pid } = await startEmbeddedPostgres({ dataDir: process.argv[1], logger });
  console.log(JSON.stringify({ url, pid }));
  process.stdin.resume();
} catch (error) {
  console.log(JSON.stringify({ refused: error.message }));
}`;

const answer = z.union([z.object({ url: z.string(), pid: z.int() }), z.object({ refused: z.string() })]);

/**
 * Starts the embedded database in a program of its own.
 * @returns the running program, or the message with which it refused
 */
export async function startInOtherProgram(
  dataDir: string,
  account: { uid?: number; gid?: number } = {},
): Promise<OtherProgram | string> {
  const child = spawnChild(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '--eval', PROGRAM, dataDir],
    { ...account, cwd: PROJECT, stdio: ['pipe', 'pipe', 'inherit'] },
  );
  let output = '';
  for await (const chunk of child.stdout ?? []) {
    output += String(chunk);
    if (output.includes('\n')) break;
  }
  const said = answer.parse(JSON.parse(output));
  return 'refused' in said ? said.refused : { ...said, child };
}
