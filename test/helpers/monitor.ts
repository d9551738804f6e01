import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endChild, hasEnded, removeAfterUs, spawnChild } from './children.ts';
import { eventually } from './eventually.ts';
import { freePort } from './ports.ts';

export interface Monitor {
  url: string;
  stop: () => Promise<void>;
}

export interface MonitorOptions {
  /** `prometheus`: a program that has its flags and its `/-/ready`. */
  command: string;
  /** The text of its file. */
  configuration: string;
  /** Further flags, with the folder where it may keep what it stores. */
  flags: (dataDir: string) => string[];
}

/** A server of the Prometheus project on a free port, with nothing stored; ready when this returns. */
export async function startMonitor({ command, configuration, flags }: MonitorOptions): Promise<Monitor> {
  const dir = await mkdtemp(join(tmpdir(), `fmhl-${command}-`));
  removeAfterUs(dir);
  const config = join(dir, 'config.yml');
  await writeFile(config, configuration);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawnChild(command, [
    ...[`--config.file=${config}`, `--web.listen-address=127.0.0.1:${port}`, '--log.level=warn'],
    ...flags(join(dir, 'data')),
  ]);
  let log = '';
  child.stdout?.resume();
  child.stderr?.on('data', (text: Buffer) => (log += text.toString()));
  const stop = async (): Promise<void> => {
    await endChild(child, 'SIGKILL');
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await eventually(async () => hasEnded(child) || (await fetch(`${url}/-/ready`)).ok, {
      what: `${command} is ready`,
      timeoutMs: 30_000,
      intervalMs: 50,
    });
    if (hasEnded(child)) throw new Error(`${command} ended: ${log}`);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, stop };
}
