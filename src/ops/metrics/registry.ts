/** The instruments of a process: every metric of `contract/metrics.ts`, its queue series present from the start. */
import { collectDefaultMetrics, Registry } from 'prom-client';
import { METRICS, type MetricName, type MetricSpec } from '../../../contract/metrics.ts';
import type { ProcessRole } from '../../../contract/log.ts';
import { withDeadline } from '../../platform/lifecycle/deadline.ts';
import { errorText } from '../../platform/lifecycle/errors.ts';
import type { Logger } from '../../platform/logging/logger.ts';
import { Counter, Gauge, Histogram, type Labels } from './instruments.ts';

/** Counters end in `_total`, histograms in `_duration_ms`; what is left are gauges. */
export type CounterName = Extract<MetricName, `${string}_total`>;
export type HistogramName = Extract<MetricName, `${string}_duration_${'ms' | 'seconds'}`>;
export type GaugeName = Exclude<MetricName, CounterName | HistogramName>;
export type { Labels } from './instruments.ts';

export interface Metrics {
  /** A counter's series. Bind it once, outside of hot paths. */
  counter: (name: CounterName, labels?: Labels) => { inc: (by?: number) => void };
  gauge: (name: GaugeName, labels?: Labels) => { set: (value: number) => void };
  /** Takes all series of gauges away, before those that there are now are set: a queue may be gone. */
  clear: (...names: GaugeName[]) => void;
  /** A histogram's series; it observes milliseconds or seconds, as its name says. */
  histogram: (name: HistogramName, labels?: Labels) => { observe: (duration: number) => void };
  /**
   * Registers a reader that sets gauges whenever the metrics are read, at most once a second or so often as
   * `everyMs` says. When it fails or takes over a second, its gauges are absent from that scrape: better than an old value. One
   * that still hangs from an earlier scrape is not started again.
   */
  collect: (
    source: string,
    gauges: GaugeName[],
    read: () => Promise<void>,
    options?: { everyMs?: number },
  ) => void;
  /** The exposition text. */
  expose: () => Promise<string>;
}

export const CONTENT_TYPE = 'text/plain; version=0.0.4';
const COLLECT_DEADLINE_MS = 1_000;
const COLLECT_EVERY_MS = 1_000;

/** Gauges of prom-client's defaults with a counter's suffix, which promtool objects to; sums of series that stay. */
const MISNAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

export interface MetricsOptions {
  role: ProcessRole;
  version: string;
  /** Names of all defined queues. */
  queues: readonly string[];
  logger: Logger;
}

const INSTRUMENTS = {
  counter: (name: string, spec: MetricSpec) => new Counter(name, spec),
  gauge: (name: string, spec: MetricSpec) => new Gauge(name, spec),
  histogram: (name: string, spec: MetricSpec) => new Histogram(name, spec),
};

export function createMetrics(options: MetricsOptions): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  MISNAMED.forEach((name) => registry.removeSingleMetric(name));
  const counters = new Map<MetricName, Counter>();
  const gauges = new Map<MetricName, Gauge>();
  const histograms = new Map<MetricName, Histogram>();
  for (const [name, spec] of Object.entries(METRICS) as [MetricName, MetricSpec][]) {
    const instrument = INSTRUMENTS[spec.type](name, spec);
    if (instrument instanceof Counter) counters.set(name, instrument);
    else if (instrument instanceof Gauge) gauges.set(name, instrument);
    else histograms.set(name, instrument);
    // From the start: a rate needs a first value, and an alert must tell 0 from absent.
    if (spec.labels.length === 0) instrument.labels({});
    if (spec.labels.join() === 'queue') options.queues.forEach((queue) => instrument.labels({ queue }));
  }
  const exposed = [...counters.values(), ...gauges.values(), ...histograms.values()];
  gauges.get('fmhl_build_info')?.labels({ version: options.version, role: options.role }).set(1);

  const found = <T>(instruments: Map<MetricName, T>, name: MetricName): T => {
    const instrument = instruments.get(name);
    if (instrument === undefined) throw new Error(`${name} is not such a metric`);
    return instrument;
  };
  const sources: (() => Promise<void>)[] = [];
  const metrics: Metrics = {
    counter: (name, labels = {}) => found(counters, name).labels(labels),
    gauge: (name, labels = {}) => found(gauges, name).labels(labels),
    clear: (...names) => names.forEach((name) => found(gauges, name).clear()),
    histogram: (name, labels = {}) => found(histograms, name).labels(labels),
    collect: (source, names, read, { everyMs = COLLECT_EVERY_MS } = {}) => {
      const reset = (): void => metrics.clear(...names);
      sources.push(collector({ source, read, reset, everyMs, metrics, logger: options.logger }));
    },
    expose: async () => {
      await Promise.all(sources.map((collect) => collect()));
      return exposed.map((instrument) => instrument.expose()).join('') + (await registry.metrics());
    },
  };
  return metrics;
}

interface Collector {
  source: string;
  read: () => Promise<void>;
  reset: () => void;
  everyMs: number;
  metrics: Metrics;
  logger: Logger;
}

/**
 * Reads a source at most so often, however many scrapers there are, and never twice at a time: a
 * read that outlived its deadline is waited for again at the next scrape.
 */
function collector({ source, read, reset, everyMs, metrics, logger }: Collector): () => Promise<void> {
  let nextReadMs = -Infinity;
  let reading: Promise<void> | undefined;
  let running: Promise<void> | undefined;
  const failures = metrics.counter('fmhl_metrics_collect_failures_total', { source });
  failures.inc(0);

  const start = (): Promise<void> => {
    const ended = (): void => {
      reading = undefined;
    };
    reading = (async () => read())();
    reading.then(ended, ended);
    return reading;
  };
  const collect = async (): Promise<void> => {
    let pauseMs = everyMs;
    try {
      await withDeadline(source, COLLECT_DEADLINE_MS, reading ?? start());
    } catch (error) {
      // Also one that is read seldom is not missed for long.
      pauseMs = COLLECT_EVERY_MS;
      reset();
      failures.inc();
      logger.warn('metrics_collect_failed', { source, reason: errorText(error) });
    } finally {
      nextReadMs = performance.now() + pauseMs;
      running = undefined;
    }
  };
  return () => {
    if (running === undefined && performance.now() < nextReadMs) return Promise.resolve();
    running ??= collect();
    return running;
  };
}
