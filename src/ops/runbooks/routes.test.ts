import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startHttpServer, type ListeningServer } from '../../../test/helpers/http-server.ts';
import { runbookRoutes } from './routes.ts';

describe('runbooks', () => {
  let server: ListeningServer;
  let directory = '';
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'fmhl-runbooks-'));
    writeFileSync(join(directory, 'README.md'), '# Runbooks\n- [QueuePaused](QueuePaused.md)\n');
    writeFileSync(join(directory, 'QueuePaused.md'), '# QueuePaused\n\ncurl "$FMHL/x?a=1&b=<id>"\n');
    server = await startHttpServer((app) => runbookRoutes(app, { directory, isPublic: true }));
  });
  after(async () => {
    await server.close();
    rmSync(directory, { recursive: true });
  });

  const get = async (path: string) => {
    const response = await fetch(`${server.url}${path}`);
    return {
      status: response.status,
      type: response.headers.get('content-type'),
      text: await response.text(),
    };
  };

  test('are found under the name of their alert, as text that shows its commands to the letter', async () => {
    const { status, type, text } = await get('/runbooks/QueuePaused');
    assert.equal(status, 200);
    assert.equal(type, 'text/html; charset=utf-8');
    assert.ok(text.includes('curl &quot;$FMHL/x?a=1&amp;b=&lt;id&gt;&quot;'), text);
  });

  test('are listed, each with a link', async () => {
    const { status, text } = await get('/runbooks');
    assert.equal(status, 200);
    assert.ok(text.includes('- <a href="/runbooks/QueuePaused">QueuePaused</a>'), text);
  });

  test('are nothing but the files of their folder', async () => {
    for (const name of ['Nothing', '..%2F..%2Fpackage', '__proto__']) {
      assert.equal((await get(`/runbooks/${name}`)).status, 404, name);
    }
  });
});
