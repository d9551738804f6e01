/** Histories of queues from Prometheus: one range query for each, whatever its charts show. */
import { z } from 'zod';
import type { QueueHistory, QueuesHistory } from '../../../contract/history.ts';
import type { MetricName } from '../../../contract/metrics.ts';
import { ask, type MonitoringServer } from './ask.ts';
import { timesOf, type Grid } from './grid.ts';

type Point = QueueHistory['points'][number];
type Figure = Exclude<keyof Point, 'at'>;

const matrix = z.object({
  data: z.object({
    resultType: z.literal('matrix'),
    result: z.array(
      z.object({
        metric: z.record(z.string(), z.string()),
        /** Seconds since 1970, and the number as text: `NaN` and `+Inf` are among them. */
        values: z.array(z.tuple([z.number(), z.string()])),
      }),
    ),
  }),
});
type Series = z.infer<typeof matrix>['data']['result'];

/** A rate needs several scrapes in its window. */
const MIN_RATE_WINDOW_MS = 120_000;
/** Prometheus gives up by itself, before nobody waits for the answer any more. */
const TIMEOUT = '2s';

/**
 * @param queue the name of a defined queue: it stands in the query as it is
 * @returns null when Prometheus has nothing of the queue
 * @throws NotReadError
 */
export async function queueFromPrometheus(
  server: MonitoringServer,
  queue: string,
  grid: Grid,
): Promise<Point[] | null> {
  const only = `{queue="${queue}"}`;
  const figures: Record<Figure, string> = {
    depth: highest('fmhl_queue_depth', only, grid),
    active: highest('fmhl_queue_active', only, grid),
    rate: `sum(${rate('fmhl_jobs_completed_total', only, grid)})`,
    failures: `sum(${rate('fmhl_jobs_failed_total', only, grid)})`,
    p50: quantile(0.5, 'le', only, grid),
    p95: quantile(0.95, 'le', only, grid),
    p99: quantile(0.99, 'le', only, grid),
  };
  const series = await queryRange(server, union(figures), grid);
  if (series.length === 0) return null;
  const valueAt = lookUp(series, ({ figure }) => figure ?? '');
  return timesOf(grid).map((atMs) => {
    const of = (figure: Figure): number | null => valueAt(figure, atMs);
    const [depth, active, perSecond, failures] = [of('depth'), of('active'), of('rate'), of('failures')];
    const quantiles = { p50: of('p50'), p95: of('p95'), p99: of('p99') };
    return { at: new Date(atMs).toISOString(), depth, active, rate: perSecond, failures, ...quantiles };
  });
}

/** @throws NotReadError */
export async function queuesFromPrometheus(
  server: MonitoringServer,
  queues: readonly string[],
  grid: Grid,
): Promise<QueuesHistory['queues']> {
  const figures = {
    rate: `sum by (queue) (${rate('fmhl_jobs_completed_total', '', grid)})`,
    p95: quantile(0.95, 'le, queue', '', grid),
  };
  const series = await queryRange(server, union(figures), grid);
  const valueAt = lookUp(series, ({ figure, queue }) => `${figure} ${queue}`);
  return queues.map((name) => ({
    name,
    points: timesOf(grid).map((atMs) => ({
      at: new Date(atMs).toISOString(),
      rate: valueAt(`rate ${name}`, atMs),
      p95: valueAt(`p95 ${name}`, atMs),
    })),
  }));
}

/** Every process exposes the same gauges of queues. Where points are far apart, no peak falls between them. */
function highest(gauge: MetricName, only: string, { stepMs }: Grid): string {
  const over = stepMs > 15_000 ? `max_over_time(${gauge}${only}[${stepMs / 1_000}s])` : gauge + only;
  return `max(${over})`;
}

function rate(counter: MetricName | `${MetricName}_bucket`, only: string, { windowMs }: Grid): string {
  return `rate(${counter}${only}[${Math.max(windowMs, MIN_RATE_WINDOW_MS) / 1_000}s])`;
}

/** In seconds. */
function quantile(q: number, by: string, only: string, grid: Grid): string {
  const buckets = rate('fmhl_job_duration_ms_bucket', only, grid);
  return `histogram_quantile(${q}, sum by (${by}) (${buckets})) / 1000`;
}

function union(figures: Record<string, string>): string {
  return Object.entries(figures)
    .map(([figure, expr]) => `label_replace(${expr}, "figure", "${figure}", "", "")`)
    .join(' or ');
}

async function queryRange(server: MonitoringServer, query: string, grid: Grid): Promise<Series> {
  const { fromMs, stepMs, count } = grid;
  const form = {
    query,
    start: String(fromMs / 1_000),
    end: String((fromMs + (count - 1) * stepMs) / 1_000),
    step: String(stepMs / 1_000),
    timeout: TIMEOUT,
  };
  return (await ask(server, { path: 'api/v1/query_range', form, schema: matrix })).data.result;
}

function lookUp(series: Series, keyOf: (labels: Record<string, string>) => string) {
  const values = new Map(
    series.map(({ metric, values: pairs }) => [
      keyOf(metric),
      new Map(pairs.map(([seconds, text]) => [Math.round(seconds * 1_000), Number(text)])),
    ]),
  );
  return (key: string, atMs: number): number | null => {
    const value = values.get(key)?.get(atMs);
    return value === undefined || !Number.isFinite(value) ? null : value;
  };
}
