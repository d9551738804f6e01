import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { describe, test } from 'node:test';
import { logLine } from '../../../contract/log.ts';

/** Runs a script that has a `logger` in a process of its own, for its standard output is what is tested. */
function runLogging(script: string, stdout: number | 'pipe' = 'pipe') {
  const module = (name: string): string => JSON.stringify(new URL(name, import.meta.url).href);
  const code = `
    import { createLogger } from ${module('./logger.ts')};
    import { terminalDestination } from ${module('./destination.ts')};
    const options = { level: 'info', role: 'worker', version: '1.2.3' };
    ${script}`;
  const args = ['--import', 'tsx', '--input-type=module', '--eval', code];
  return spawnSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', stdout, 'pipe'] });
}

describe('the log on standard output', () => {
  test('is one JSON line per event, all written when the process ends', () => {
    const { stdout } = runLogging(`
      const logger = createLogger(options);
      for (let n = 0; n < 1000; n += 1) logger.info('job_started', { n });
      process.exit(0);`);
    const lines = stdout.trimEnd().split('\n');
    assert.equal(lines.length, 1_000);
    const last = logLine.parse(JSON.parse(lines.at(-1) ?? ''));
    assert.deepEqual(last.metadata, { n: 999 });
    assert.equal(last.role, 'worker');
    assert.equal(last.version, '1.2.3');
  });

  test('that nobody can write to does not disturb the process', () => {
    // Standard output opened for reading: every write fails, like on a full disk.
    const unwritable = openSync(import.meta.filename, 'r');
    try {
      const { status, stderr } = runLogging(
        `const logger = createLogger(options);
         for (let n = 0; n < 1000; n += 1) logger.info('job_started', { n });
         process.exitCode = 7;`,
        unwritable,
      );
      assert.equal(status, 7, stderr);
    } finally {
      closeSync(unwritable);
    }
  });

  test('is one short line for people in a terminal', () => {
    const { stdout, status, stderr } = runLogging(`
      const logger = createLogger({ ...options, destination: terminalDestination() });
      logger.error('job_failed', { queue: 'email_send', attempts: 3 }, new Error('SMTP timeout'));`);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /job_failed queue=email_send attempts=3 error="SMTP timeout"/);
    assert.equal(stdout.trimEnd().split('\n').length, 1);
  });
});
