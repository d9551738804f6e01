import { z } from 'zod';
import { startMonitor, type Monitor } from './monitor.ts';

const alert = z.object({
  labels: z.record(z.string(), z.string()),
  status: z.object({ state: z.enum(['active', 'suppressed', 'unprocessed']) }),
});

export interface Alertmanager extends Monitor {
  /** Tells it that alerts with these labels fire, as Prometheus does. */
  fire: (alerts: Record<string, string>[]) => Promise<void>;
  alerts: () => Promise<z.infer<typeof alert>[]>;
}

/** An Alertmanager of its own on a free port, alone and with nothing stored; ready when this returns. */
export async function startAlertmanager(configuration: string): Promise<Alertmanager> {
  const { url, stop } = await startMonitor({
    command: 'prometheus-alertmanager',
    configuration,
    flags: (dataDir) => [`--storage.path=${dataDir}`, '--cluster.listen-address='],
  });
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
