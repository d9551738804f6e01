import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { permissionsOf, PERMISSIONS, tokenPermission, userRole } from '../../../contract/access.ts';

test('each role of staff may do what the one below may, and an admin everything', () => {
  const [viewer, operator, admin] = (['viewer', 'operator', 'admin'] as const).map(permissionsOf);
  assert.deepEqual(
    viewer,
    viewer!.filter((name) => operator!.includes(name)),
  );
  assert.deepEqual(
    operator,
    operator!.filter((name) => admin!.includes(name)),
  );
  assert.deepEqual(admin, Object.keys(PERMISSIONS));
  assert.ok(viewer.length < operator.length && operator.length < admin.length);
});

test('a viewer only looks, and of people’s data, money and access nobody but an admin sees or changes anything', () => {
  // One's own tokens do no more than oneself.
  const own = ['tokens.manage'];
  assert.deepEqual(
    permissionsOf('viewer').filter((name) => !name.endsWith('.view') && !own.includes(name)),
    [],
  );
  const closed = /^(leads|bad_leads|providers|billing|users)\.|\.(reveal|edit)$/;
  for (const name of permissionsOf('operator')) assert.doesNotMatch(name, closed);
  assert.deepEqual(permissionsOf('provider'), ['reports.export']);
});

test('no program manages access', () => {
  for (const name of ['users.manage', 'tokens.manage']) {
    assert.equal(tokenPermission.safeParse(name).success, false, name);
  }
});

test('the page on security has the table as it is', () => {
  const page = readFileSync(new URL('../../../docs/security.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| `([a-z_.]+)` \|(.*)\|$/gm)].map(([, name, cells]) => {
    const marks = cells!.split('|').map((cell) => cell.trim() === '✓');
    return [name, userRole.options.filter((_, n) => marks[n])];
  });
  const header = /^\| Permission \|(.*)\|$/m
    .exec(page)?.[1]
    ?.split('|')
    .map((cell) => cell.trim());
  assert.deepEqual(header, userRole.options);
  const inOrder = (roles: readonly string[]) => userRole.options.filter((role) => roles.includes(role));
  assert.deepEqual(
    rows,
    Object.entries(PERMISSIONS).map(([name, roles]) => [name, inOrder(roles)]),
  );
});
