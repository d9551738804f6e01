import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { endChild, hasEnded, removeAfterUs, spawnChild } from './children.ts';
import { eventually } from './eventually.ts';
import { freePort } from './ports.ts';

const alert = z.object({
  labels: z.record(z.string(), z.string()),
  status: z.object({ state: z.enum(['active', 'suppressed', 'unprocessed']) }),
});

export interface Alertmanager {
  url: string;
  /** Tells it that alerts with these labels fire, as Prometheus does. */
  fire: (alerts: Record<string, string>[]) => Promise<void>;
  alerts: () => Promise<z.infer<typeof alert>[]>;
  stop: () => Promise<void>;
}

/** An Alertmanager of its own on a free port, alone and with nothing stored; ready when this returns. */
export async function startAlertmanager(configuration: string): Promise<Alertmanager> {
  const dir = await mkdtemp(join(tmpdir(), 'fmhl-alertmanager-'));
  removeAfterUs(dir);
  const config = join(dir, 'alertmanager.yml');
  await writeFile(config, configuration);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawnChild('prometheus-alertmanager', [
    ...[`--config.file=${config}`, `--storage.path=${join(dir, 'data')}`, '--cluster.listen-address='],
    ...[`--web.listen-address=127.0.0.1:${port}`, '--log.level=warn'],
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
      what: 'alertmanager is ready',
      timeoutMs: 30_000,
      intervalMs: 50,
    });
    if (hasEnded(child)) throw new Error(`alertmanager ended: ${log}`);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url,
    fire: async (alerts) => {
      const response = await fetch(`${url}/api/v2/alerts`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(alerts.map((labels) => ({ labels }))),
      });
      if (!response.ok) throw new Error(await response.text());
    },
    alerts: async () => z.array(alert).parse(await (await fetch(`${url}/api/v2/alerts`)).json()),
    stop,
  };
}
