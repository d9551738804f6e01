/**
 * Runs the tests: all, or the files given. Starts the PostgreSQL and the redis-server that they share,
 * and stops them whatever happens.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { killAfterUs } from '../test/helpers/children.ts';
import { startPostgresServer } from '../test/helpers/postgres-server.ts';
import { startRedis } from '../test/helpers/redis.ts';
import { endWithClosingLines } from './closing-lines.ts';
import { requirePrograms } from './programs.ts';
import { buildUi } from './ui-build.ts';

const ROOT = join(import.meta.dirname, '..');
const FOLDERS = ['contract', 'src', 'test', 'scripts', 'chaos', 'monitoring'];
/** A test, or a file of tests, that takes longer hangs. The short chaos run needs most of it on a busy machine. */
const TEST_TIMEOUT_MS = 300_000;

function allTests(): string[] {
  return FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.test.ts'))
      .map((file) => join(folder, file)),
  ).sort();
}

/** A browser is there, and the admin UI is built as its sources are. */
async function readyForVisits(): Promise<boolean> {
  const { findChromium } = await import('../test/helpers/browser.ts');
  if (findChromium() === null && !requirePrograms(['chromium'])) return false;
  await buildUi();
  return true;
}

async function main(): Promise<number> {
  const given = process.argv.slice(2).map((file) => resolve(file));
  const files = given.length > 0 ? given : allTests();
  if (files.length === 0) {
    process.stderr.write('There are no test files.\n');
    return 1;
  }
  const absent = files.filter((file) => !existsSync(resolve(ROOT, file)));
  if (absent.length > 0) {
    process.stderr.write(`There is no ${absent.join(', ')}.\n`);
    return 1;
  }
  if (!requirePrograms(['redis-server', 'promtool', 'amtool'])) return 1;
  // Before any of them: they run at the same time and share what was built.
  if (files.some((file) => relative(ROOT, file).startsWith('test/ui/')) && !(await readyForVisits()))
    return 1;
  const [postgres, redis] = await Promise.all([startPostgresServer(), startRedis(['--databases', '1'])]);
  try {
    const tests = spawn(
      process.execPath,
      [
        ...['--import', 'tsx', '--test', '--test-concurrency=2', '--test-reporter=spec'],
        ...[`--test-timeout=${TEST_TIMEOUT_MS}`, ...files],
      ],
      {
        cwd: ROOT,
        stdio: ['ignore', 'pipe', 'inherit'],
        env: {
          ...process.env,
          ...(process.stdout.isTTY ? { FORCE_COLOR: '1' } : {}),
          FMHL_TEST_POSTGRES_URL: postgres.url,
          FMHL_TEST_REDIS_URL: redis.url,
        },
      },
    );
    if (tests.pid !== undefined) killAfterUs(tests.pid);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => tests.kill(signal));
    const output = tests.stdout.setEncoding('utf8').pipe(endWithClosingLines());
    output.pipe(process.stdout, { end: false });
    const [[code]] = (await Promise.all([once(tests, 'exit'), once(output, 'end')])) as [[number | null], []];
    return code ?? 1;
  } finally {
    await Promise.allSettled([postgres.stop(), redis.stop()]);
  }
}

process.exitCode = await main();
