/** What benchmarks have in common: the machine they ran on, and how times are summed up. */
import { cpus, loadavg, totalmem } from 'node:os';

/** All that was said, for BENCHMARKS.md. */
export const said: string[] = [];

export function say(line: string): void {
  said.push(line);
  process.stdout.write(`${line}\n`);
}

/** One line that says what ran where; the load tells whether anything else did. */
export function machine(): string {
  const [cpu] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  const load = loadavg()[0]?.toFixed(1) ?? '?';
  return `node ${process.version}, ${cpus().length} × ${cpu?.model ?? 'unknown'}, ${memory} GiB, load ${load}`;
}

/** The nearest rank: the smallest value that at least this share of all values does not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(Math.ceil(sorted.length * share), 1) - 1] ?? Number.NaN;
}
