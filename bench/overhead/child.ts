/** One measurement in a process of its own: `child.ts <bare|fmhl> <process|enqueue> <redis url> <prefix> <jobs>`. */
import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { CONCURRENCY, openSide, type Side, type SideName } from './sides.ts';

export type Work = 'process' | 'enqueue';

/** What one measurement found, in a line of JSON on standard output. */
export interface Run {
  jobsPerSecond: number;
  /** Time on a CPU that this process spent for one job. */
  cpuUs: number;
}

/** Of the jobs; they warm the code up and are not counted. */
const WARM_UP_SHARE = 0.25;
const FILL = 2_000;

const payload = (): { lead_id: string } => ({ lead_id: randomUUID() });

/** Starts when called; called again, says how it went for so many jobs. */
function stopwatch(): (jobs: number) => Run {
  const started = performance.now();
  const before = process.cpuUsage();
  return (jobs) => {
    const seconds = (performance.now() - started) / 1_000;
    const { user, system } = process.cpuUsage(before);
    return { jobsPerSecond: jobs / seconds, cpuUs: (user + system) / jobs };
  };
}

async function processing(side: Side, jobs: number): Promise<Run> {
  for (let made = 0; made < jobs; made += FILL) {
    await side.fill(Array.from({ length: Math.min(FILL, jobs - made) }, payload));
  }
  const warm = Math.floor(jobs * WARM_UP_SHARE);
  return new Promise((resolve) => {
    let ran = 0;
    let stop: ReturnType<typeof stopwatch> | undefined;
    side.work(() => {
      ran += 1;
      if (ran === warm) stop = stopwatch();
      if (ran === jobs && stop !== undefined) resolve(stop(jobs - warm));
    });
  });
}

async function enqueueing(side: Side, jobs: number): Promise<Run> {
  const warm = Math.floor(jobs * WARM_UP_SHARE);
  const enqueue = async (count: number): Promise<void> => {
    let left = count;
    const lane = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        await side.enqueue(payload());
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, lane));
  };
  await enqueue(warm);
  const stop = stopwatch();
  await enqueue(jobs - warm);
  return stop(jobs - warm);
}

const [name, work, url = '', prefix = '', jobs = '0'] = process.argv.slice(2);
const side = await openSide(name as SideName, url, prefix);
const run = await (work === 'process' ? processing : enqueueing)(side, Number(jobs));
await side.close();
// The last line: before it is what the sides log.
process.stdout.write(`${JSON.stringify(run)}\n`);
