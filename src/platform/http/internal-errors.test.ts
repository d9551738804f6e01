import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { z } from 'zod';
import { startHttpServer, type ListeningServer } from '../../../test/helpers/http-server.ts';
import type { HttpServer } from './types.ts';

const UUID = '8a5d0a3e-1111-4222-8333-444455556666';
const DETAIL = 'SELECT broke in /srv/secret.ts';

function routes(app: HttpServer): void {
  const failures: Record<string, unknown> = {
    error: new Error(DETAIL),
    string: DETAIL,
    undefined,
    null: null,
    object: { statusCode: 200, message: DETAIL },
    bare: Object.create(null),
    zod: new z.ZodError([{ code: 'custom', path: ['password'], message: DETAIL, input: 1 }]),
    postgres: Object.assign(new Error(DETAIL), { code: '23505', severity: 'ERROR' }),
    status: Object.assign(new Error(DETAIL), { statusCode: 502 }),
  };
  for (const [name, thrown] of Object.entries(failures)) {
    app.get(`/throws/${name}`, async () => {
      await Promise.resolve();
      throw thrown;
    });
  }
  app.get('/throws/sync', () => {
    throw new Error(DETAIL);
  });
  app.get('/throws/hook', { preHandler: () => Promise.reject(new Error(DETAIL)) }, async (_request, reply) =>
    reply.send({}),
  );
  const schema = { response: { 200: z.object({ name: z.string() }) } };
  app.get('/answers/wrong-shape', { schema }, async (_request, reply) =>
    reply.send(JSON.parse('{"name": 5}') as { name: string }),
  );
  app.get('/answers/circular', async (_request, reply) => {
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    return reply.send(circular);
  });
}

let server: ListeningServer;
before(async () => {
  server = await startHttpServer(routes);
});
after(() => server.close());

const PATHS = [
  ...[
    'error',
    'string',
    'undefined',
    'null',
    'object',
    'bare',
    'zod',
    'postgres',
    'status',
    'sync',
    'hook',
  ].map((name) => `/throws/${name}`),
  '/answers/wrong-shape',
  '/answers/circular',
];

describe('what nobody expected is a 500 that carries the correlation id of its log line', () => {
  for (const path of PATHS) {
    test(path, async () => {
      const response = await fetch(server.url + path);
      const text = await response.text();
      const id = response.headers.get('x-correlation-id');
      assert.equal(response.status, 500);
      assert.equal(text, JSON.stringify({ error: 'Internal error', correlation_id: id }));
      const lines = server.log.find('request_failed').filter((line) => line.correlation_id === id);
      assert.equal(lines.length, 1);
      assert.equal(lines[0]?.level, 'error');
      assert.ok(lines[0].error, 'the cause is in the log');
    });
  }

  test('and it is the id that the caller gave', async () => {
    const response = await fetch(`${server.url}/throws/error`, { headers: { 'X-Correlation-Id': UUID } });
    assert.deepEqual(await response.json(), { error: 'Internal error', correlation_id: UUID });
    const line = server.log.find('request_failed').at(-1);
    assert.equal(line?.correlation_id, UUID);
    assert.match(line.error?.message ?? '', /SELECT broke/);
  });
});
