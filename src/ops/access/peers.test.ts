import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StartError } from '../../platform/lifecycle/errors.ts';
import { createPeerCheck, INTERNAL_RANGES } from './peers.ts';

test('loopback, private and link-local addresses are internal, however a socket writes them', () => {
  const isInternal = createPeerCheck(INTERNAL_RANGES);
  for (const address of [
    '127.0.0.1',
    '127.255.255.254',
    '::1',
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.20',
    '169.254.1.1',
    'fd00::1',
    'fc00::1',
    'fe80::1',
    'fe80::1%eth0',
    '::ffff:10.1.2.3',
    '::FFFF:127.0.0.1',
    '::ffff:0a01:0203',
  ]) {
    assert.equal(isInternal(address), true, address);
  }
});

test('public addresses, and what is no address, are not internal', () => {
  const isInternal = createPeerCheck(INTERNAL_RANGES);
  for (const address of [
    '8.8.8.8',
    '11.0.0.1',
    '172.15.255.255',
    '172.32.0.1',
    '192.169.0.1',
    '2001:db8::1',
    'fe00::1',
    '::',
    '::2',
    '::ffff:8.8.8.8',
    '::ffff:0808:0808',
    '127.0.0.1.evil.example',
    '',
    undefined,
  ]) {
    assert.equal(isInternal(address), false, String(address));
  }
});

test('ranges can be given instead, and single addresses', () => {
  const isInternal = createPeerCheck(['203.0.113.0/24', '2001:db8::5', '198.51.100.7']);
  assert.equal(isInternal('203.0.113.99'), true);
  assert.equal(isInternal('::ffff:203.0.113.99'), true);
  assert.equal(isInternal('2001:db8::5'), true);
  assert.equal(isInternal('198.51.100.7'), true);
  assert.equal(isInternal('2001:db8::6'), false);
  assert.equal(isInternal('127.0.0.1'), false);
  assert.equal(createPeerCheck([])('127.0.0.1'), false);
});

test('a range that can not be read stops the start and is named', () => {
  for (const bad of [
    '10.0.0.0/33',
    '10.0.0/8',
    'fc00::/129',
    '10.0.0.0/8/8',
    '10.0.0.0/',
    'localhost',
    '',
    '/8',
  ]) {
    assert.throws(
      () => createPeerCheck([bad]),
      (error) => error instanceof StartError && error.message.includes(`"${bad}"`),
      bad,
    );
  }
});
