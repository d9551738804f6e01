import { z } from 'zod';
import { startMonitor, type Monitor } from './monitor.ts';

export interface PrometheusOptions {
  /** What it scrapes: `host:port`, by the name of the job. */
  targets: Record<string, string[]>;
  /** Default `1s`. Rules are evaluated as often. */
  scrapeInterval?: string;
  /** Paths of files with rules. */
  ruleFiles?: string[];
  /** `host:port` of alertmanagers. */
  alertmanagers?: string[];
  externalLabels?: Record<string, string>;
}

const sample = z.object({
  metric: z.record(z.string(), z.string()),
  /** Seconds since 1970, and the number as text: `NaN` and `+Inf` are among them. */
  value: z.tuple([z.number(), z.string()]),
});
export type Sample = z.infer<typeof sample>;

const answer = z.discriminatedUnion('status', [
  z.object({
    status: z.literal('success'),
    data: z.object({ resultType: z.literal('vector'), result: z.array(sample) }),
  }),
  z.object({ status: z.literal('error'), error: z.string() }),
]);

export interface Prometheus extends Monitor {
  /**
   * What an expression that yields a vector is right now.
   * @throws when Prometheus refuses it
   */
  query: (expr: string) => Promise<Sample[]>;
}

/** A Prometheus of its own on a free port, with an empty storage; ready when this returns. */
export function startPrometheus(options: PrometheusOptions): Promise<Prometheus> {
  // JSON is YAML, too.
  return startPrometheusWith(JSON.stringify(configuration(options), null, 2));
}

/**
 * The same with a whole configuration.
 * @param configuration the text of its file
 * @param flags of the command line, further ones
 */
export async function startPrometheusWith(configuration: string, flags: string[] = []): Promise<Prometheus> {
  const { url, stop } = await startMonitor({
    command: 'prometheus',
    configuration,
    flags: (dataDir) => [`--storage.tsdb.path=${dataDir}`, ...flags],
  });
  return { url, query: (expr) => query(url, expr), stop };
}

function configuration(options: PrometheusOptions): object {
  const { targets, scrapeInterval = '1s', ruleFiles = [], alertmanagers = [], externalLabels = {} } = options;
  return {
    global: {
      scrape_interval: scrapeInterval,
      scrape_timeout: scrapeInterval,
      evaluation_interval: scrapeInterval,
      external_labels: externalLabels,
    },
    rule_files: ruleFiles,
    ...(alertmanagers.length > 0
      ? { alerting: { alertmanagers: [{ static_configs: [{ targets: alertmanagers }] }] } }
      : {}),
    scrape_configs: Object.entries(targets).map(([job, addresses]) => ({
      job_name: job,
      static_configs: [{ targets: addresses }],
    })),
  };
}

async function query(url: string, expr: string): Promise<Sample[]> {
  const response = await fetch(`${url}/api/v1/query`, {
    method: 'POST',
    body: new URLSearchParams({ query: expr }),
  });
  const body = answer.parse(await response.json());
  if (body.status === 'error') throw new Error(`${expr}: ${body.error}`);
  return body.data.result;
}
