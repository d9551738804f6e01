/** The PromQL that several dashboards share. */
import type { MetricName } from '../../contract/metrics.ts';
import type { Queries } from './panels.ts';

type Histogram = Extract<MetricName, `${string}_duration_${'ms' | 'seconds'}`>;

/** A quantile over all processes together. */
export function quantile(
  q: number,
  histogram: Histogram,
  matchers = '',
  window = '$__rate_interval',
): string {
  return `histogram_quantile(${q}, sum by (le) (rate(${histogram}_bucket${matchers}[${window}])))`;
}

/** The three quantiles that every duration is shown by. */
export function quantiles(histogram: Histogram, matchers = ''): Queries {
  return {
    p50: quantile(0.5, histogram, matchers),
    p95: quantile(0.95, histogram, matchers),
    p99: quantile(0.99, histogram, matchers),
  };
}

/** How many observations fell into each bucket, for a heat map. */
export function buckets(histogram: Histogram, matchers = ''): Queries {
  return { '{{le}}': `sum by (le) (increase(${histogram}_bucket${matchers}[$__rate_interval]))` };
}

/** Per second, all processes together. */
export function rate(counter: MetricName, matchers = ''): string {
  return `sum(rate(${counter}${matchers}[$__rate_interval]))`;
}

/** Per second, by a label. */
export function rateBy(label: string, counter: MetricName, matchers = ''): Queries {
  return { [`{{${label}}}`]: `sum by (${label}) (rate(${counter}${matchers}[$__rate_interval]))` };
}

/** A gauge of the whole system that every process exports alike. */
export function highest(gauge: MetricName): string {
  return `max(${gauge})`;
}

export function highestBy(label: string, gauge: MetricName, matchers = ''): Queries {
  return { [`{{${label}}}`]: `max by (${label}) (${gauge}${matchers})` };
}

/** How many in the time that the reader looks at. */
export function inRange(counter: MetricName, matchers = ''): string {
  return `sum(increase(${counter}${matchers}[$__range]))`;
}

/** The share of jobs that did not die. Absent while there are none. */
export function jobSuccess(window: string, matchers = ''): string {
  const of = (counter: MetricName): string => `sum(increase(${counter}${matchers}[${window}]))`;
  const [failed, completed] = [of('fmhl_jobs_failed_total'), of('fmhl_jobs_completed_total')];
  return `1 - ${failed} / ((${failed} + ${completed}) > 0)`;
}

/** The share of requests to the API that were not answered with a 5xx. Absent while there are none. */
export function availability(window: string, matchers = ''): string {
  const count = (more = ''): string => {
    const all = [matchers, more].filter((matcher) => matcher !== '').join(', ');
    return `sum(increase(fmhl_api_requests_total{${all}}[${window}]))`;
  };
  return `1 - ${count('outcome="error"')} / (${count()} > 0)`;
}
