import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { correlationId } from '../../../contract/ids.ts';
import { captureLog } from '../../../test/helpers/log.ts';
import { MASK } from './redact.ts';

const ID = correlationId.parse('8a5d0a3e-1111-4222-8333-444455556666');

describe('a log line', () => {
  // captureLog checks every line against the schema of contract/log.ts.
  test('has level, time, event, correlation id, metadata, role and version', () => {
    const log = captureLog();
    log.logger.withCorrelation(ID).info('lead_submitted', { lead_id: 'x', count: 2 });
    const [line] = log.lines();
    assert.ok(line);
    assert.equal(line.level, 'info');
    assert.equal(line.event, 'lead_submitted');
    assert.equal(line.correlation_id, ID);
    assert.deepEqual(line.metadata, { lead_id: 'x', count: 2 });
    assert.equal(line.role, 'api');
    assert.equal(line.version, '0.0.0-test');
    assert.equal(line.pid, process.pid);
    assert.ok(Math.abs(Date.parse(line.time) - Date.now()) < 60_000);
  });

  test('has a null correlation id and empty metadata when there are none', () => {
    const log = captureLog();
    log.logger.warn('job_stalled');
    const [line] = log.lines();
    assert.ok(line);
    assert.equal(line.correlation_id, null);
    assert.deepEqual(line.metadata, {});
  });

  test('carries its level as a word', () => {
    const log = captureLog();
    for (const level of ['debug', 'info', 'warn', 'error', 'fatal'] as const)
      log.logger[level]('job_started');
    assert.deepEqual(
      log.lines().map(({ level }) => level),
      ['debug', 'info', 'warn', 'error', 'fatal'],
    );
  });

  test('below the level is not written, and isEnabled says so', () => {
    const log = captureLog('info');
    log.logger.debug('job_started');
    assert.equal(log.text(), '');
    assert.equal(log.logger.isEnabled('debug'), false);
    assert.equal(log.logger.isEnabled('info'), true);
  });
});

describe('secrets in a log line', () => {
  test('are masked in metadata, in the error message, in its stack and in its causes', () => {
    const log = captureLog();
    const cause = new Error('redis://default:hunter2@10.0.0.5:6379 refused');
    const error = new Error('550 no mailbox jane.doe@example.com', { cause });
    log.logger.error('job_failed', { payload: { email: 'jane.doe@example.com', note: 'hi' } }, error);
    assert.ok(!log.text().includes('jane.doe'));
    assert.ok(!log.text().includes('hunter2'));
    const [line] = log.lines();
    assert.ok(line);
    assert.deepEqual(line.metadata['payload'], { email: MASK, note: 'hi' });
    assert.equal(line.error?.message, `550 no mailbox ${MASK}`);
    assert.match(line.error.stack ?? '', /Caused by: Error: redis:\/\/\[redacted\]@10\.0\.0\.5:6379 refused/);
  });
});

describe('the error of a log line', () => {
  const describeThrown = (thrown: unknown) => {
    const log = captureLog();
    log.logger.error('request_failed', {}, thrown);
    const error = log.lines()[0]?.error;
    assert.ok(error);
    return error;
  };

  test('has class, message, stack and code', () => {
    const error = describeThrown(Object.assign(new TypeError('bad'), { code: 'ECONNREFUSED' }));
    assert.equal(error.type, 'TypeError');
    assert.equal(error.message, 'bad');
    assert.equal(error.code, 'ECONNREFUSED');
    assert.match(error.stack ?? '', /logger\.test/);
  });

  test('names every cause of a failed connection that has no message of its own', () => {
    const error = describeThrown(new AggregateError([new Error('refused by ::1'), 'and by 127.0.0.1'], ''));
    assert.equal(error.message, 'refused by ::1; and by 127.0.0.1');
  });

  test('describes what is no Error', () => {
    assert.deepEqual(describeThrown('text'), { type: 'string', message: 'text' });
    assert.deepEqual(describeThrown(null), { type: 'object', message: 'null' });
    assert.equal(describeThrown(Symbol('s')).message, 'Symbol(s)');
    assert.equal(describeThrown(Object.create(null)).type, 'object');
  });

  test('ends when causes go round in a circle', () => {
    const error = new Error('first');
    error.cause = error;
    assert.ok((describeThrown(error).stack ?? '').length < 20_000);
  });
});

describe('a logger never throws', () => {
  const hostile = new Proxy(
    {},
    {
      ownKeys: () => {
        throw new Error('no keys');
      },
      getPrototypeOf: () => {
        throw new Error('no prototype');
      },
    },
  );
  class Unreadable extends Error {
    override get message(): string {
      throw new Error('no message');
    }
    override get stack(): string {
      throw new Error('no stack');
    }
  }

  test('for objects that throw when they are looked at', () => {
    const log = captureLog();
    log.logger.info('job_started', { hostile });
    log.logger.info('job_started', hostile);
    log.logger.info('job_started', {}, hostile);
    log.logger.info('job_started', {}, new Unreadable());
    assert.equal(log.lines().length, 4);
  });

  test('for any metadata and any error, and every line fits the schema', () => {
    const anything = fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true });
    fc.assert(
      fc.property(fc.dictionary(fc.string(), anything), anything, (metadata, error) => {
        const log = captureLog();
        log.logger.info('job_started', metadata, error);
        assert.equal(log.lines().length, 1);
      }),
      { numRuns: 300 },
    );
  });
});
