import { everywhere, type Proof, type State } from './proof.ts';

const rounds = (failed: number, ok: number): State => ({
  'fmhl_loop_runs_total{loop="outbox_relay", outcome="failed"}': { grows: failed },
  'fmhl_loop_runs_total{loop="outbox_relay", outcome="ok"}': { grows: ok },
});

const API = 'fmhl_build_info{role="api", instance="api"}';
const WORKERS = ['a', 'b'].map((instance) => `fmhl_build_info{role="worker", instance="${instance}"}`);
const HOUSEKEEPING = 'fmhl_build_info{role="housekeeping", instance="housekeeping"}';
const ready = (a: 0 | 1, b: 0 | 1): State => ({
  'fmhl_ready{job="fmhl-api", instance="a:3000"}': a,
  'fmhl_ready{job="fmhl-api", instance="b:3000"}': b,
  'fmhl_ready{job="fmhl-worker", instance="w:3001"}': 1,
});
const present = (...series: string[]): State => Object.fromEntries(series.map((name) => [name, 1]));

/** Two housekeeping processes, and whether they say that they lead; null: it can not be scraped. */
const leaders = (...says: [a: number | null, b: number | null]): State =>
  Object.fromEntries(
    says.flatMap((leader, index): [string, number][] => {
      const labels = `{job="fmhl-housekeeping", instance="${'ab'.charAt(index)}"}`;
      return leader === null
        ? [[`up${labels}`, 0]]
        : [
            [`up${labels}`, 1],
            [`fmhl_leader${labels}`, leader],
          ];
    }),
  );

/** Without the watchdog, which has no threshold: it always fires. */
export const SYSTEM_PROOFS: readonly Proof[] = [
  {
    alert: 'RoleAbsent',
    quiet: present(API, ...WORKERS, HOUSEKEEPING),
    // One worker of two is gone.
    under: present(API, ...WORKERS.slice(1), HOUSEKEEPING),
    over: present(API, HOUSEKEEPING),
    labels: { role: 'worker' },
    summary: 'No process with the role worker',
    description:
      'Prometheus reaches no process with the role worker (absent: 1): all are down, or none is scraped.',
    firesWithoutSeries: true,
    alsoSilent: [
      {
        when: 'when one process has all the roles',
        phases: [[present('fmhl_build_info{role="start"}'), 40]],
      },
    ],
  },
  {
    alert: 'TargetDown',
    quiet: { 'up{job="fmhl-worker", instance="w:3001"}': 1 },
    // What is not ours does not concern us.
    under: { 'up{job="fmhl-worker", instance="w:3001"}': 1, 'up{job="node", instance="w:9100"}': 0 },
    over: { 'up{job="fmhl-worker", instance="w:3001"}': 0 },
    labels: { job: 'fmhl-worker', instance: 'w:3001', role: 'worker' },
    summary: 'w:3001 does not answer',
    description:
      'Prometheus can not scrape w:3001 of fmhl-worker (up: 0). The process is down or unreachable, and its part of the metrics is missing.',
  },
  {
    alert: 'NothingReady',
    quiet: ready(1, 1),
    // One of two is.
    under: ready(0, 1),
    over: ready(0, 0),
    labels: { job: 'fmhl-api' },
    summary: 'No process of fmhl-api is ready',
    description:
      'All processes of fmhl-api run, but PostgreSQL, Redis or the queue engine does not answer them (ready: 0). Their work is not done.',
    alsoSilent: [
      {
        when: 'while another takes over from the one that is',
        phases: [
          [ready(0, 1), 20],
          [ready(0, 0), 3],
          [ready(1, 0), 20],
        ],
      },
    ],
  },
  {
    alert: 'ReadinessFailing',
    quiet: { 'fmhl_ready{job="fmhl-api", instance="api:3000"}': 1 },
    under: { 'fmhl_ready{job="fmhl-api", instance="api:3000"}': 1 },
    over: { 'fmhl_ready{job="fmhl-api", instance="api:3000"}': 0 },
    labels: { job: 'fmhl-api', instance: 'api:3000' },
    summary: 'api:3000 is not ready',
    description:
      'api:3000 of fmhl-api runs, but PostgreSQL, Redis or the queue engine does not answer it (ready: 0).',
  },
  {
    alert: 'HousekeepingWithoutLeader',
    quiet: leaders(1, 0),
    // Another has taken over.
    under: leaders(0, 1),
    // A worker that is down is not the leader.
    over: { ...leaders(0, 0), 'up{job="fmhl-worker", instance="w"}': 0 },
    summary: 'No housekeeping process is at work',
    description:
      'No process is elected to do the housekeeping (leaders: 0). Dead jobs are not captured, the outbox is not relayed, nothing scheduled runs.',
    alsoSilent: [
      {
        when: 'while one that can not be scraped may be the leader',
        phases: [
          [leaders(1, 0), 20],
          [leaders(null, 0), 60],
          [leaders(1, 0), 20],
        ],
      },
      {
        when: 'while the leader is started anew and another takes over',
        phases: [
          [leaders(1, 0), 20],
          [leaders(null, 0), 2],
          [leaders(0, 0), 6],
          [leaders(0, 1), 40],
        ],
      },
    ],
  },
  {
    alert: 'BackgroundLoopFailing',
    quiet: rounds(0, 0),
    // Every other round fails, but there are others.
    under: rounds(1, 1),
    over: rounds(1, 0),
    after: rounds(0, 15),
    labels: { loop: 'outbox_relay' },
    summary: 'The background loop outbox_relay fails every time',
    description: 'outbox_relay has failed 21 times within 15 minutes and has not succeeded once.',
  },
  {
    alert: 'MetricsCollectFailing',
    under: { 'fmhl_metrics_collect_failures_total{source="outbox"}': { grows: 0 } },
    over: { 'fmhl_metrics_collect_failures_total{source="outbox"}': { grows: 3 } },
    fallsAfter: 20,
    labels: { source: 'outbox' },
    summary: 'The gauges of outbox can not be read',
    description:
      'Reading outbox has failed at scrapes for 10 minutes (0.20 times per second). Alerts that look at these gauges are blind.',
  },
  {
    alert: 'BalanceDiscrepancy',
    under: {
      ...everywhere('fmhl_balances_off_over_one', '', 0),
      ...everywhere('fmhl_balances_off', '', 7),
    },
    over: everywhere('fmhl_balances_off_over_one', '', 2),
    summary: 'Balances of providers are wrong',
    description: "The balance of 2 providers differs from their ledger's sum by more than 1.00.",
  },
];
