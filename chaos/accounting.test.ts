import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { account, type EntryFact, type Facts, type FindingKind } from './accounting.ts';

const queue = 'q';
const facts = (some: Partial<Facts>): Facts => ({
  ...{ accepted: [], engine: [], outbox: [], entries: [], acknowledgedRetries: [] },
  ...some,
});
const accepted = (...ids: string[]): Facts['accepted'] =>
  ids.map((jobId) => ({ queue, jobId, certain: true }));
const entry = (jobId: string, some: Partial<EntryFact> = {}): EntryFact => ({
  ...{ id: `entry-${jobId}`, queue, jobId, resolution: null, retryJobId: null, retryOf: null },
  ...some,
});
const retried = (jobId: string): EntryFact =>
  entry(jobId, { resolution: 'retried', retryJobId: `retry-entry-${jobId}` });
const completed = (...ids: string[]): Facts['engine'] =>
  ids.map((jobId) => ({ queue, jobId, state: 'completed' }));
const kinds = (some: Partial<Facts>): FindingKind[] => account(facts(some)).findings.map(({ kind }) => kind);

describe('the accounting', () => {
  test('closes to zero when every job is in exactly one place, and a follower too', () => {
    const result = account(
      facts({
        accepted: accepted('done', 'waits', 'in-outbox', 'dead', 'dropped', 'again'),
        engine: [...completed('done', 'retry-entry-again'), { queue, jobId: 'waits', state: 'queued' }],
        outbox: [{ queue, jobId: 'in-outbox' }],
        entries: [entry('dead'), entry('dropped', { resolution: 'discarded' }), retried('again')],
        acknowledgedRetries: ['entry-again'],
      }),
    );
    assert.deepEqual(result, {
      ...{ accepted: 6, followers: 1, completed: 2, queued: 2 },
      ...{ deadUnresolved: 1, deadRetried: 1, deadDiscarded: 1, lost: 0, doubled: 0, findings: [] },
    });
  });

  test('follows a follower that died and was retried itself', () => {
    const second = entry('retry-entry-a', {
      ...{ id: 'second', retryOf: 'entry-a', resolution: 'retried', retryJobId: 'retry-second' },
    });
    const all = { accepted: accepted('a'), entries: [retried('a'), second] };
    assert.deepEqual(kinds({ ...all, engine: completed('retry-second') }), []);
    assert.deepEqual(kinds(all), ['follower_missing']);
  });

  test('counts a job that is nowhere as lost', () => {
    const result = account(facts({ accepted: accepted('a', 'b'), engine: completed('b') }));
    assert.deepEqual([result.lost, result.doubled, result.findings[0]?.jobId], [1, 0, 'a']);
  });

  test('excuses a job of which nobody knows whether it was accepted, but only from being lost', () => {
    const unsure = [{ queue, jobId: 'a', certain: false }];
    assert.deepEqual(account(facts({ accepted: unsure })).accepted, 0);
    assert.deepEqual(kinds({ accepted: unsure }), []);
    assert.deepEqual(kinds({ accepted: unsure, engine: completed('a') }), []);
    assert.deepEqual(kinds({ accepted: unsure, engine: completed('a'), entries: [entry('a')] }), [
      'in_two_places',
    ]);
  });

  test('counts a dead job that was never captured as lost', () => {
    const engine = [{ queue, jobId: 'a', state: 'failed' as const }];
    assert.deepEqual(kinds({ accepted: accepted('a'), engine }), ['not_captured']);
  });

  test('counts a job with two entries, or with an entry and a place in the engine, as doubled', () => {
    const twice = [entry('a'), entry('a', { id: 'other' })];
    assert.deepEqual(kinds({ accepted: accepted('a'), entries: twice }), ['captured_twice']);
    const both = facts({ accepted: accepted('a'), engine: completed('a'), entries: [entry('a')] });
    assert.deepEqual([account(both).lost, account(both).doubled], [0, 1]);
  });

  test('takes a job that waits in the outbox and is in the engine for one, but not beside its entry', () => {
    const outbox = [{ queue, jobId: 'a' }];
    assert.deepEqual(kinds({ accepted: accepted('a'), outbox, engine: completed('a') }), []);
    assert.deepEqual(kinds({ accepted: accepted('a'), outbox, entries: [entry('a')] }), ['in_two_places']);
  });

  test('finds followers of entries that were not retried', () => {
    const engine = completed('retry-entry-a');
    const orphan = { accepted: accepted('a'), entries: [entry('a')], engine };
    assert.deepEqual(kinds(orphan), ['follower_without_retry']);
    const says = entry('b', { retryOf: 'entry-a' });
    assert.deepEqual(kinds({ accepted: accepted('a', 'b'), entries: [entry('a'), says] }), [
      'follower_without_retry',
    ]);
  });

  test('finds a retry that was answered with success and then forgotten', () => {
    const acknowledgedRetries = ['entry-a', 'gone'];
    const result = account(facts({ accepted: accepted('a'), entries: [entry('a')], acknowledgedRetries }));
    assert.deepEqual(
      result.findings.map(({ kind, detail }) => [kind, detail]),
      [
        ['retry_forgotten', 'entry entry-a is unresolved'],
        ['retry_forgotten', 'entry gone is gone'],
      ],
    );
    assert.equal(result.lost, 2);
  });

  test('finds jobs that nobody accepted', () => {
    assert.deepEqual(kinds({ engine: completed('a'), entries: [entry('b')] }), [
      'from_nowhere',
      'from_nowhere',
    ]);
  });
});
