/** Runtime and HTTP: what each process does with its time and memory, and how the API answers. */
import { board, instanceVariable, type Row } from '../dashboard.ts';
import { graph, heatmap, stat } from '../panels.ts';
import { availability, buckets, quantiles, rateBy } from '../promql.ts';

const INSTANCE = 'instance=~"$instance"';
const CHOSEN = `{${INSTANCE}}`;
const OF_PROCESS = '{{job}} {{instance}}';
const REQUESTS = 'fmhl_http_request_duration_seconds';

const http: Row = {
  title: 'HTTP',
  lines: [
    [
      stat({
        title: 'Requests',
        description: 'Per second, answered by the chosen processes; probes and scrapes included.',
        unit: 'reqps',
        queries: { requests: `sum(rate(${REQUESTS}_count${CHOSEN}[$__rate_interval]))` },
      }),
      stat({
        title: 'Not answered with a 5xx',
        description: 'Of the requests to the API in the time shown.',
        unit: 'percentunit',
        decimals: 3,
        noValue: 'no requests',
        sparkline: false,
        queries: { available: availability('$__range', INSTANCE) },
      }),
    ],
    [
      graph({
        title: 'Requests by status',
        description: 'Per second.',
        unit: 'reqps',
        stacked: true,
        queries: { '{{status}}': `sum by (status) (rate(${REQUESTS}_count${CHOSEN}[$__rate_interval]))` },
      }),
      graph({
        title: 'Duration: p50, p95, p99',
        description: 'Of all routes together.',
        unit: 's',
        queries: quantiles(REQUESTS, CHOSEN),
      }),
      heatmap({
        title: 'Duration: how it was spread',
        description: 'How many requests fell into each range of durations.',
        unit: 's',
        queries: buckets(REQUESTS, CHOSEN),
      }),
    ],
    [
      graph({
        title: 'Slowest routes',
        description: 'The ten routes with the highest p95, by route template.',
        unit: 's',
        queries: {
          '{{method}} {{route}}': `topk(10, histogram_quantile(0.95, sum by (le, method, route) (rate(${REQUESTS}_bucket${CHOSEN}[$__rate_interval]))))`,
        },
      }),
      graph({
        title: 'Busiest routes',
        description: 'The ten routes with the most requests per second.',
        unit: 'reqps',
        queries: {
          '{{method}} {{route}}': `topk(10, sum by (method, route) (rate(${REQUESTS}_count${CHOSEN}[$__rate_interval])))`,
        },
      }),
      graph({
        title: 'Sign-ins',
        description: 'Per second, by outcome. Many that fail: somebody is guessing.',
        unit: 'cps',
        queries: rateBy('outcome', 'fmhl_logins_total', CHOSEN),
      }),
    ],
  ],
};

const runtime: Row = {
  title: 'Processes',
  lines: [
    [
      graph({
        title: 'CPU',
        description: 'Cores in use. JavaScript runs on one: at 1 a process is busy all the time.',
        unit: 'short',
        decimals: 2,
        queries: {
          [OF_PROCESS]: `sum by (job, instance) (rate(process_cpu_seconds_total${CHOSEN}[$__rate_interval]))`,
        },
      }),
      graph({
        title: 'Event loop lag p99',
        description: 'How late timers run. Over 0.1 s everything that the process answers is late.',
        unit: 's',
        queries: { [OF_PROCESS]: `max by (job, instance) (nodejs_eventloop_lag_p99_seconds${CHOSEN})` },
      }),
      graph({
        title: 'Garbage collection',
        description: 'Share of the time that went into it.',
        unit: 'percentunit',
        queries: {
          [OF_PROCESS]: `sum by (job, instance) (rate(nodejs_gc_duration_seconds_sum${CHOSEN}[$__rate_interval]))`,
        },
      }),
    ],
    [
      graph({
        title: 'Memory',
        description: 'Resident, in all. A line that only rises is a leak.',
        unit: 'bytes',
        queries: { [OF_PROCESS]: `max by (job, instance) (process_resident_memory_bytes${CHOSEN})` },
      }),
      graph({
        title: 'Heap in use',
        description: 'Of JavaScript objects.',
        unit: 'bytes',
        queries: { [OF_PROCESS]: `max by (job, instance) (nodejs_heap_size_used_bytes${CHOSEN})` },
      }),
      graph({
        title: 'Open files and sockets',
        description: 'As the share of what the process may open.',
        unit: 'percentunit',
        queries: {
          [OF_PROCESS]: `max by (job, instance) (process_open_fds${CHOSEN} / process_max_fds${CHOSEN})`,
        },
      }),
    ],
    [
      graph({
        title: 'Up for',
        description: 'Time since the process started. A saw-tooth is a process that keeps dying.',
        unit: 's',
        queries: { [OF_PROCESS]: `time() - max by (job, instance) (process_start_time_seconds${CHOSEN})` },
      }),
      graph({
        title: 'Versions',
        description: 'How many processes run each version, by role. Two versions: a deploy is under way.',
        unit: 'short',
        stacked: true,
        queries: { '{{version}} {{role}}': `count by (version, role) (fmhl_build_info${CHOSEN})` },
      }),
    ],
  ],
};

export const runtimeAndHttp = board({
  uid: 'fmhl-runtime',
  title: 'FMHL / Runtime and HTTP',
  description: 'What each process does with its time and memory, and how the API answers.',
  tags: ['runtime'],
  variables: [instanceVariable()],
  rows: [http, runtime],
});
