import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPasswords, hashPassword } from './passwords.ts';

test('passwords are stored as argon2id at the recommended cost, salted', async () => {
  const [one, two] = await Promise.all([hashPassword('correct horse'), hashPassword('correct horse')]);
  assert.match(one, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  assert.notEqual(one, two);
});

test('only the right password verifies, and nobody has one without a hash', async () => {
  const passwords = await createPasswords();
  const hashed = await passwords.hash('correct horse');
  assert.equal(await passwords.verify(hashed, 'correct horse'), true);
  assert.equal(await passwords.verify(hashed, 'Correct horse'), false);
  assert.equal(await passwords.verify(null, 'correct horse'), false);
});

test('a password typed on another system, with its letters composed differently, is the same', async () => {
  const passwords = await createPasswords();
  const hashed = await passwords.hash('caf\u00e9 au lait');
  assert.equal(await passwords.verify(hashed, 'cafe\u0301 au lait'), true);
});
