/** The last hour of this process's own metrics, of queues: what there is to show without a Prometheus. */
import { DURATION_BUCKETS_MS } from '../../../contract/metrics.ts';
import { startLoop, type Loop } from '../../platform/lifecycle/loop.ts';
import type { Logger } from '../../platform/logging/logger.ts';
import { loopMetrics } from '../metrics/loops.ts';
import type { Metrics } from '../metrics/registry.ts';

export interface QueueSample {
  /** Null when the engine did not say. */
  depth: number | null;
  active: number | null;
  /** Whether this process runs jobs of the queue: of others it knows neither rate nor durations. */
  serves: boolean;
  completed: number;
  /** Attempts that took at most so long, for each bound of the buckets and all together. */
  durations: Float64Array;
}

export interface Sample {
  atMs: number;
  queues: ReadonlyMap<string, QueueSample>;
}

export interface Samples {
  /** Oldest first; an hour at most. */
  all: () => readonly Sample[];
  take: () => Promise<void>;
}

export const SAMPLE_EVERY_MS = 15_000;
/** An hour, and the window before its first point. About 0.3 kB a queue and sample: 7 MB with a hundred queues. */
const MOST = 246;

export function createSamples({ metrics, now }: { metrics: Metrics; now: () => number }): Samples {
  const samples: Sample[] = [];
  return {
    all: () => samples,
    take: async () => {
      const queues = readQueues(await metrics.expose());
      samples.push({ atMs: now(), queues });
      if (samples.length > MOST) samples.shift();
    },
  };
}

/** Takes a sample now and every 15 s. */
export function startSampling(
  samples: Samples,
  { metrics, logger }: { metrics: Metrics; logger: Logger },
): Loop {
  return startLoop({
    name: 'queue_samples',
    intervalMs: SAMPLE_EVERY_MS,
    run: async () => {
      await samples.take();
      return 'idle';
    },
    onRound: loopMetrics(metrics, 'queue_samples'),
    logger,
  });
}

const LINE =
  /^fmhl_(queue_depth|queue_active|worker_concurrency|jobs_completed_total|job_duration_ms_bucket)\{(?:le="([^"]+)",)?queue="([^"]+)"\} (\S+)$/gm;

/** From the same text that a scrape gets. */
function readQueues(exposition: string): Map<string, QueueSample> {
  const queues = new Map<string, QueueSample>();
  for (const [, metric, bound, queue = '', text] of exposition.matchAll(LINE)) {
    const sample = queues.get(queue) ?? emptySample();
    queues.set(queue, sample);
    const value = Number(text);
    if (metric === 'queue_depth') sample.depth = value;
    else if (metric === 'queue_active') sample.active = value;
    else if (metric === 'worker_concurrency') sample.serves = value > 0;
    else if (metric === 'jobs_completed_total') sample.completed = value;
    else sample.durations[bucketOf(bound ?? '')] = value;
  }
  return queues;
}

const BUCKETS = new Map([...DURATION_BUCKETS_MS, '+Inf'].map((bound, index) => [String(bound), index]));

function bucketOf(bound: string): number {
  return BUCKETS.get(bound) ?? DURATION_BUCKETS_MS.length;
}

function emptySample(): QueueSample {
  const durations = new Float64Array(DURATION_BUCKETS_MS.length + 1);
  return { depth: null, active: null, serves: false, completed: 0, durations };
}
