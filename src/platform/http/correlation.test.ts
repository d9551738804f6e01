import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { correlationId } from '../../../contract/ids.ts';
import { startHttpServer, type ListeningServer } from '../../../test/helpers/http-server.ts';
import { rawRequest, sendRaw } from '../../../test/helpers/raw-http.ts';

const UUID = '8a5d0a3e-1111-4222-8333-444455556666';
const OTHER = '9b6e1b4f-1111-4222-8333-444455556666';

let server: ListeningServer;
before(async () => {
  server = await startHttpServer((app) => {
    app.get('/echo', async (request, reply) => reply.send({ id: request.correlationId }));
    app.get('/quiet', { config: { quiet: true } }, async (_request, reply) => reply.send({}));
  });
});
after(() => server.close());

async function idOf(line: string, headers: string): Promise<string> {
  const { answers } = await sendRaw(
    server.port,
    `${line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}\r\n`,
  );
  return correlationId.parse(answers[0]?.headers.get('x-correlation-id'));
}

describe('X-Correlation-Id', () => {
  test('of the caller is used by handlers and goes out again', async () => {
    const response = await fetch(`${server.url}/echo`, { headers: { 'X-Correlation-Id': UUID } });
    assert.deepEqual(await response.json(), { id: UUID });
    assert.equal(response.headers.get('x-correlation-id'), UUID);
  });

  test('is on the log line of the request', async () => {
    await fetch(`${server.url}/echo`, { headers: { 'X-Correlation-Id': UUID } });
    const line = server.log.find('request_completed').at(-1);
    assert.equal(line?.correlation_id, UUID);
    assert.equal(line.metadata['route'], '/echo');
    assert.equal(line.metadata['status'], 200);
  });

  test('is one and the same in upper and lower case', async () => {
    assert.equal(await idOf('GET /echo', `X-Correlation-Id: ${UUID.toUpperCase()}\r\n`), UUID);
  });

  for (const [what, value] of [
    ['no UUID', 'not-a-uuid'],
    ['empty', ''],
    ['a UUID with more', `${UUID}, ${UUID}`],
    ['too long', 'a'.repeat(5_000)],
    ['with bytes that a header can not hold in answers', 'ÿþ'],
  ] as const) {
    test(`that is ${what} is replaced by a new one`, async () => {
      const id = await idOf('GET /echo', `X-Correlation-Id: ${value}\r\n`);
      assert.notEqual(id, UUID);
    });
  }

  test('that comes twice is replaced: nobody can say which one counts', async () => {
    const id = await idOf('GET /echo', `X-Correlation-Id: ${UUID}\r\nX-Correlation-Id: ${OTHER}\r\n`);
    assert.ok(id !== UUID && id !== OTHER);
  });

  test('is another for each request that brings none', async () => {
    assert.notEqual(await idOf('GET /echo', ''), await idOf('GET /echo', ''));
  });

  test('stands on errors too, met before or after a route is known', async () => {
    for (const line of ['GET /nope', 'DELETE /echo', 'GET /%ff', `GET /echo/${'a'.repeat(600)}`]) {
      assert.equal(await idOf(line, `X-Correlation-Id: ${UUID}\r\n`), UUID, line);
    }
    assert.equal((await sendRaw(server.port, rawRequest('NONSENSE /'))).answers.length, 1);
    await idOf('NONSENSE /', '');
  });

  test('of a request to a quiet route is logged below info', async () => {
    await fetch(`${server.url}/quiet`, { headers: { 'X-Correlation-Id': OTHER } });
    const line = server.log.find('request_completed').find((one) => one.correlation_id === OTHER);
    assert.equal(line?.level, 'debug');
  });
});
