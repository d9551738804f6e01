/**
 * What FMHL adds to BullMQ: `npm run bench:overhead`, with `-- --rounds 5 --jobs 20000` for a shorter one.
 *
 * No-op jobs on a redis-server of its own, 50 at once, run and enqueued by bare BullMQ and by FMHL with
 * everything on that is on by default: metrics, correlation id, log level info, payloads checked by their schema,
 * a timeout and an abort signal for every attempt. Every measurement is a process of its own, and the sides take
 * turns; a round's ratio compares what ran one after the other. The control compares bare BullMQ with itself: so
 * much is noise. Target: at least 0.95 of bare BullMQ, better 0.98.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { startRedis } from '../test/helpers/redis.ts';
import { machine, percentile, say } from './figures.ts';
import type { Run, Work } from './overhead/child.ts';
import type { SideName } from './overhead/sides.ts';
import { record } from './record.ts';

const TARGET = 0.95;
const AIM = 0.98;
const CHILD = join(import.meta.dirname, 'overhead', 'child.ts');
const SLOWEST_MS = 120_000;

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '8' }, jobs: { type: 'string', default: '50000' } },
});
const rounds = Number(values.rounds);

async function measure(side: SideName, work: Work): Promise<Run> {
  const redis = await startRedis();
  try {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', CHILD, side, work, redis.url, 'bench', values.jobs],
      { timeout: SLOWEST_MS },
    );
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Run;
  } finally {
    await redis.stop();
  }
}

const median = (of: readonly number[]): number => percentile(of, 0.5);
const spread = (of: readonly number[]): string =>
  `${median(of).toFixed(3)} (quartiles ${percentile(of, 0.25).toFixed(3)} to ${percentile(of, 0.75).toFixed(3)})`;

async function compare(work: Work): Promise<boolean> {
  const runs: Record<'bare' | 'fmhl' | 'control', Run[]> = { bare: [], fmhl: [], control: [] };
  for (let round = 0; round < rounds; round += 1) {
    // Whoever comes first finds the machine colder: the order turns from round to round.
    const order = (['bare', 'fmhl', 'control'] as const).map((_, at, all) => all[(at + round) % 3] ?? 'bare');
    for (const which of order) runs[which].push(await measure(which === 'fmhl' ? 'fmhl' : 'bare', work));
    process.stderr.write(`  ${work}: round ${round + 1} of ${rounds}\r`);
  }
  const ratios = (which: 'fmhl' | 'control', of: (run: Run) => number): number[] =>
    runs[which].map((run, round) => of(run) / of(runs.bare[round] ?? run));
  const speed = (run: Run): number => run.jobsPerSecond;
  const cpu = (run: Run): number => run.cpuUs;
  say(
    `${work === 'process' ? 'processing' : 'enqueueing'}, ${Number(values.jobs).toLocaleString('en')} jobs, ${rounds} rounds`,
  );
  for (const which of ['bare', 'fmhl'] as const) {
    say(
      `  ${which.padEnd(5)} ${median(runs[which].map(speed)).toFixed(0)} jobs/s, ${median(runs[which].map(cpu)).toFixed(1)} µs CPU a job`,
    );
  }
  const ratio = median(ratios('fmhl', speed));
  say(`  fmhl / bare, jobs/s          ${spread(ratios('fmhl', speed))}`);
  say(`  bare / bare, jobs/s, control ${spread(ratios('control', speed))}`);
  say(`  fmhl / bare, CPU a job       ${spread(ratios('fmhl', cpu))}`);
  say(
    `  ${ratio >= TARGET ? (ratio >= AIM ? 'met, with the aim' : 'met') : 'MISSED'}: ≥ ${TARGET}, aim ${AIM}`,
  );
  return ratio >= TARGET;
}

say(machine());
await record('bench:overhead', async () => {
  const met = [await compare('process'), await compare('enqueue')];
  if (met.includes(false)) process.exitCode = 1;
});
