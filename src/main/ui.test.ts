/** The admin UI as files: which addresses answer with it, and how long a browser may keep what. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { UI_PAGES } from '../../contract/pages.ts';
import { type ListeningServer, startHttpServer } from '../../test/helpers/http-server.ts';
import { packageRoot } from './package.ts';
import { uiRoutes } from './ui.ts';

/** Pages that the gate before the router shows. */
const BEFORE_SIGN_IN = ['setup'];

test('the server answers with the UI at every page that the UI has, and at no other', async () => {
  const router = await readFile(join(packageRoot(), 'ui/src/routes/router.tsx'), 'utf8');
  const paths = [...router.matchAll(/^\s*path: '\/([^/']*)/gm)].map(([, first = '']) => first);
  assert.ok(paths.length > 5, 'the pages of the router are found');
  assert.deepEqual(new Set([...paths, ...BEFORE_SIGN_IN]), new Set(UI_PAGES));
});

describe('a UI that is built', () => {
  let folder: string;
  let server: ListeningServer;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fmhl-ui-'));
    await mkdir(join(folder, 'assets'));
    await writeFile(join(folder, 'index.html'), '<title>console</title>');
    await writeFile(join(folder, 'assets', 'index-1a2b.js'), 'export {}');
    await writeFile(join(folder, '..', 'fmhl-ui-outside.txt'), 'not for you');
    server = await startHttpServer((app) => uiRoutes(app, { directory: folder }));
  });
  after(async () => {
    await server.close();
    await rm(folder, { recursive: true });
    await rm(join(folder, '..', 'fmhl-ui-outside.txt'));
  });

  test('answers at the address of any page, anew each time', async () => {
    for (const path of ['/', '/dead-letters?queue=a', '/dead-letters/1', '/queues/email_send']) {
      const answer = await fetch(server.url + path);
      assert.equal(answer.status, 200, path);
      assert.match(await answer.text(), /console/, path);
      assert.equal(answer.headers.get('cache-control'), 'no-cache', path);
      assert.match(answer.headers.get('content-security-policy') ?? '', /script-src 'self';/, path);
    }
  });

  test('lets browsers keep files whose names change with them', async () => {
    const answer = await fetch(`${server.url}/assets/index-1a2b.js`);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('cache-control'), 'public, max-age=31536000, immutable');
  });

  test('has no page for other addresses, and no file from outside of its folder', async () => {
    for (const path of [
      ...['/nowhere', '/assets/none.js', '/api/v1/nowhere'],
      ...['/assets/..%2f..%2ffmhl-ui-outside.txt', '/assets/%2e%2e/%2e%2e/fmhl-ui-outside.txt'],
    ]) {
      const answer = await fetch(server.url + path);
      assert.ok([400, 403, 404].includes(answer.status), `${path}: ${answer.status}`);
      assert.doesNotMatch(await answer.text(), /console|not for you/, path);
    }
  });
});

test('a UI that is not built says how to build it', async () => {
  const server = await startHttpServer((app) => uiRoutes(app, { directory: '/nonexistent' }));
  try {
    const answer = await fetch(server.url);
    assert.equal(answer.status, 503);
    assert.match(await answer.text(), /npm run build:ui/);
  } finally {
    await server.close();
  }
});
