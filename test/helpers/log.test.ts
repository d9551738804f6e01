import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogEvent } from '../../contract/log.ts';
import { captureLog } from './log.ts';

test('a captured log gives back its lines', () => {
  const log = captureLog();
  log.logger.info('process_ready', { port: 1 });
  log.logger.debug('job_started');
  assert.equal(log.lines().length, 2);
  assert.deepEqual(log.find('process_ready')[0]?.metadata, { port: 1 });
  assert.match(log.text(), /"job_started"/);
});

test('a line that does not fit the contract fails the test, even if whoever logged it kept silent', () => {
  const log = captureLog();
  const unknown = ['made', 'up'].join('_') as LogEvent;
  assert.throws(() => log.logger.info(unknown), /made_up/);
  assert.throws(() => log.lines(), /contract\/log\.ts.*made_up/);
  assert.throws(() => log.find('process_ready'), /made_up/);
});
