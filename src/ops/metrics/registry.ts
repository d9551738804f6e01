/** The instruments of a process: every metric of `contract/metrics.ts`, its queue series present from the start. */
import { collectDefaultMetrics, Gauge, Registry, type Metric } from 'prom-client';
import { METRICS, type MetricName, type MetricSpec } from '../../../contract/metrics.ts';
import type { ProcessRole } from '../../../contract/log.ts';
import { withDeadline } from '../../platform/lifecycle/deadline.ts';
import { errorText } from '../../platform/lifecycle/errors.ts';
import type { Logger } from '../../platform/logging/logger.ts';
import { Counter, Histogram, type Labels } from './instruments.ts';

/** Counters end in `_total`, histograms in `_duration_ms`; what is left are gauges. */
export type CounterName = Extract<MetricName, `${string}_total`>;
export type HistogramName = Extract<MetricName, `${string}_duration_${'ms' | 'seconds'}`>;
export type GaugeName = Exclude<MetricName, CounterName | HistogramName>;
export type { Labels } from './instruments.ts';

export interface Metrics {
  /** A counter's series. Bind it once, outside of hot paths. */
  counter: (name: CounterName, labels?: Labels) => { inc: (by?: number) => void };
  gauge: (name: GaugeName, labels?: Labels) => { set: (value: number) => void };
  /** A histogram's series; it observes milliseconds or seconds, as its name says. */
  histogram: (name: HistogramName, labels?: Labels) => { observe: (duration: number) => void };
  /**
   * Registers a reader that sets gauges whenever the metrics are read, at most once a second. When it
   * fails or takes over a second, its gauges are absent from that scrape: better than an old value. One
   * that still hangs from an earlier scrape is not started again.
   */
  collect: (source: string, gauges: GaugeName[], read: () => Promise<void>) => void;
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

export function createMetrics(options: MetricsOptions): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  MISNAMED.forEach((name) => registry.removeSingleMetric(name));
  const counters = new Map<MetricName, Counter>();
  const gauges = new Map<MetricName, Gauge>();
  const histograms = new Map<MetricName, Histogram>();
  // A registry asks no more of a metric than its name and `get`; the type names prom-client's own classes.
  const register = (metric: Counter | Histogram): void =>
    registry.registerMetric(metric as unknown as Metric);
  for (const [name, spec] of Object.entries(METRICS) as [MetricName, (typeof METRICS)[MetricName]][]) {
    const { help, labels } = spec;
    const zero = labels.length === 1 && labels[0] === 'queue' ? options.queues : [];
    if (spec.type === 'counter') {
      const counter = new Counter({ name, help, labels });
      register(counter);
      counters.set(name, counter);
      if (labels.length === 0) counter.labels({});
      zero.forEach((queue) => counter.labels({ queue }));
    } else if (spec.type === 'histogram') {
      const histogram = new Histogram({ name, help, labels, bounds: spec.buckets ?? [] });
      register(histogram);
      histograms.set(name, histogram);
      if (labels.length === 0) histogram.labels({});
      zero.forEach((queue) => histogram.labels({ queue }));
    } else {
      const gauge = new Gauge({ name, help, labelNames: [...labels], registers: [registry] });
      gauges.set(name, gauge);
      zero.forEach((queue) => gauge.set({ queue }, 0));
    }
  }
  gauges.get('fmhl_build_info')?.set({ version: options.version, role: options.role }, 1);

  const found = <T>(instruments: Map<MetricName, T>, name: MetricName): T => {
    const instrument = instruments.get(name);
    if (instrument === undefined) throw new Error(`${name} is not such a metric`);
    return instrument;
  };
  const sources: (() => Promise<void>)[] = [];
  const metrics: Metrics = {
    counter: (name, labels = {}) => found(counters, name).labels(labels),
    gauge: (name, labels = {}) => found(gauges, name).labels(labels),
    histogram: (name, labels = {}) => found(histograms, name).labels(labels),
    collect: (source, names, read) => {
      const reset = (): void => names.forEach((name) => clear(found(gauges, name), METRICS[name]));
      sources.push(collector({ source, read, reset, metrics, logger: options.logger }));
    },
    expose: async () => {
      await Promise.all(sources.map((collect) => collect()));
      return registry.metrics();
    },
  };
  return metrics;
}

/** Takes a gauge's series out of the exposition. `reset` alone would set one without labels to 0. */
function clear(gauge: Gauge, spec: MetricSpec): void {
  if (spec.labels.length === 0) gauge.remove();
  else gauge.reset();
}

interface Collector {
  source: string;
  read: () => Promise<void>;
  reset: () => void;
  metrics: Metrics;
  logger: Logger;
}

/**
 * Reads a source at most once a second, however many scrapers there are, and never twice at a time: a
 * read that outlived its deadline is waited for again at the next scrape.
 */
function collector({ source, read, reset, metrics, logger }: Collector): () => Promise<void> {
  let lastRead = -Infinity;
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
    try {
      await withDeadline(source, COLLECT_DEADLINE_MS, reading ?? start());
    } catch (error) {
      reset();
      failures.inc();
      logger.warn('metrics_collect_failed', { source, reason: errorText(error) });
    } finally {
      lastRead = performance.now();
      running = undefined;
    }
  };
  return () => {
    if (running === undefined && performance.now() - lastRead < COLLECT_EVERY_MS) return Promise.resolve();
    running ??= collect();
    return running;
  };
}
