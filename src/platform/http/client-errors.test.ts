import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { errorBody } from '../../../contract/errors.ts';
import { eventually } from '../../../test/helpers/eventually.ts';
import { startHttpServer, type ListeningServer } from '../../../test/helpers/http-server.ts';
import { parseAnswers, rawRequest, sendRaw } from '../../../test/helpers/raw-http.ts';

const JSON_TYPE = { 'Content-Type': 'application/json' };
const BODY_LIMIT = 100_000;

let server: ListeningServer;
let release: () => void = () => undefined;
before(async () => {
  server = await startHttpServer(
    (app) => {
      app.get('/fine', async (_request, reply) => reply.send({ fine: true }));
      app.post('/fine', async (request, reply) => reply.send({ got: request.body }));
      app.get('/held', async (_request, reply) => {
        await new Promise<void>((resolve) => (release = resolve));
        return reply.send({ held: true });
      });
      // An answer that has begun and has not ended.
      app.get('/begun', (_request, reply) => {
        reply.hijack();
        reply.raw.writeHead(200, { 'content-type': 'text/plain' });
        reply.raw.write('first part');
      });
    },
    { requestTimeoutMs: 700, bodyLimit: BODY_LIMIT },
  );
});
after(() => server.close());

async function assertAnswer(bytes: string | Uint8Array, status: number, error: string): Promise<void> {
  const { answers, text, closed } = await sendRaw(server.port, bytes);
  const [answer] = answers;
  assert.ok(answer, `no answer in ${JSON.stringify(text)}`);
  assert.equal(answer.status, status);
  assert.equal(answer.body, JSON.stringify({ error }));
  assert.equal(answer.headers.get('content-type'), 'application/json; charset=utf-8');
  assert.match(answer.headers.get('x-correlation-id') ?? '', /^[0-9a-f-]{36}$/);
  assert.ok(closed, 'the connection was closed');
}

const get = rawRequest('GET /fine');
const chunked = { ...JSON_TYPE, 'Transfer-Encoding': 'chunked' };

describe('what is no HTTP gets a standard 400, and the connection is closed', () => {
  const garbage: [what: string, bytes: string | Uint8Array][] = [
    ['words', 'hello there\r\n\r\n'],
    ['a TLS hello', Uint8Array.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, 0, 0, 13, 10, 13, 10])],
    ['NUL bytes', new Uint8Array(100)],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['HTTP/3.0', 'GET /fine HTTP/3.0\r\n\r\n'],
    ['a method nobody knows', 'FROBNICATE /fine HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a space in the path', 'GET / fine HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['NUL in the path', 'GET /fi\0ne HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a byte beyond ASCII in the path', Buffer.from('GET /\xe9 HTTP/1.1\r\nHost: x\r\n\r\n', 'latin1')],
    ['a header without a colon', 'GET /fine HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n'],
    ['a header name with a space', 'GET /fine HTTP/1.1\r\nHost: x\r\nX Y: z\r\n\r\n'],
    ['no Host', 'GET /fine HTTP/1.1\r\nConnection: close\r\n\r\n'],
    [
      'two lengths',
      rawRequest('POST /fine', { headers: { ...JSON_TYPE, 'content-length': '3' }, body: '{}' }),
    ],
    ['a negative length', rawRequest('POST /fine', { headers: { ...JSON_TYPE, 'Content-Length': '-2' } })],
    ['a chunk without a length', `${rawRequest('POST /fine', { headers: chunked })}zz\r\n`],
    ['an unknown transfer encoding', rawRequest('POST /fine', { headers: { 'Transfer-Encoding': 'gzip' } })],
    [
      'a length and chunks, to smuggle a second request',
      rawRequest('POST /fine', { headers: { ...chunked, 'Content-Length': '4' } }) + `0\r\n\r\n${get}`,
    ],
  ];
  for (const [what, bytes] of garbage) {
    test(what, () => assertAnswer(bytes, 400, 'Bad request'));
  }

  test('and one line in the log', async () => {
    await sendRaw(server.port, 'hello there\r\n\r\n');
    const line = server.log.find('request_rejected').at(-1);
    assert.equal(line?.metadata['status'], 400);
    assert.equal(line.metadata['reason'], 'HPE_INVALID_METHOD');
  });
});

describe('limits of a request', () => {
  test('headers that are too large are 431', () =>
    assertAnswer(
      rawRequest('GET /fine', { headers: { 'X-Large': 'a'.repeat(40_000) } }),
      431,
      'Request header fields too large',
    ));

  test('headers that never end are 408 soon after the timeout', async () => {
    const started = performance.now();
    await assertAnswer('GET /fine HTTP/1.1\r\nHost: x\r\n', 408, 'Request timeout');
    assert.ok(performance.now() - started < 4_000);
  });

  test('a body that never ends is 408 soon after the timeout', async () => {
    const started = performance.now();
    const headers = { ...JSON_TYPE, 'Content-Length': '10' };
    await assertAnswer(`${rawRequest('POST /fine', { headers })}{"a`, 408, 'Request timeout');
    assert.ok(performance.now() - started < 4_000);
  });

  test('a connection that says nothing is closed', async () => {
    assert.ok((await sendRaw(server.port, '')).closed);
  });

  test('a body far beyond the limit is 413, and the client gets to read it', async () => {
    const response = await fetch(`${server.url}/fine`, {
      method: 'POST',
      headers: JSON_TYPE,
      body: 'x'.repeat(BODY_LIMIT * 3),
    });
    assert.equal(response.status, 413);
    assert.deepEqual(await response.json(), { error: 'Payload too large' });
  });
});

describe('uncommon HTTP', () => {
  test('HTTP/1.0 without a Host is answered', async () => {
    const { answers } = await sendRaw(server.port, 'GET /fine HTTP/1.0\r\n\r\n');
    assert.equal(answers[0]?.body, '{"fine":true}');
  });

  test('Expect: 100-continue is continued', async () => {
    const headers = { ...JSON_TYPE, Expect: '100-continue' };
    const { text } = await sendRaw(server.port, rawRequest('POST /fine', { headers, body: '{"a":1}' }));
    assert.match(text, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /);
    assert.match(text, /\{"got":\{"a":1\}\}$/);
  });

  test('an expectation nobody knows is ignored, not answered with an empty body', async () => {
    const headers = { ...JSON_TYPE, Expect: 'the-unexpected' };
    const { answers } = await sendRaw(server.port, rawRequest('POST /fine', { headers, body: '{"a":1}' }));
    assert.equal(answers[0]?.body, '{"got":{"a":1}}');
  });

  test('a wish to upgrade is ignored', async () => {
    const bytes = rawRequest('GET /nope', {
      headers: { Connection: 'Upgrade, close', Upgrade: 'websocket' },
    });
    const { answers } = await sendRaw(server.port, bytes);
    assert.equal(answers[0]?.body, '{"error":"Not found"}');
  });

  test('CONNECT is cut off', async () => {
    const { text, closed } = await sendRaw(server.port, 'CONNECT host:80 HTTP/1.1\r\nHost: host:80\r\n\r\n');
    assert.equal(text, '');
    assert.ok(closed);
  });

  test('a connection goes on after a 404 whose body nobody read', async () => {
    const first = rawRequest('POST /nope', {
      headers: { ...JSON_TYPE, Connection: 'keep-alive' },
      body: '{"a":1}',
    });
    const { answers } = await sendRaw(server.port, first + get);
    assert.deepEqual(
      answers.map(({ status }) => status),
      [404, 200],
    );
  });
});

describe('garbage behind a request that is under way', () => {
  test('is answered when nothing of the first answer was sent', async () => {
    const bytes = `GET /held HTTP/1.1\r\nHost: x\r\n\r\nhello there\r\n\r\n`;
    const { answers, closed } = await sendRaw(server.port, bytes);
    release();
    assert.deepEqual(
      answers.map(({ body }) => body),
      ['{"error":"Bad request"}'],
    );
    assert.ok(closed);
  });

  test('only closes the connection when the first answer has begun: nothing is written into it', async () => {
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => undefined);
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    socket.write('GET /begun HTTP/1.1\r\nHost: x\r\n\r\n');
    await eventually(() => text.includes('first part'));
    socket.write('hello there\r\n\r\n');
    await eventually(() => socket.closed);
    assert.equal(parseAnswers(text).length, 1);
    assert.ok(!text.includes('Bad request'));
  });
});

describe('whatever arrives', () => {
  const path = fc.string({
    unit: fc.constantFrom(...Array.from('/%aZ0?&=#.:;\\{}[]"\'<>\0\xff ')),
    maxLength: 30,
  });
  const header = fc.tuple(
    fc.constantFrom(
      ...['Host', 'Content-Type', 'Content-Length', 'Transfer-Encoding', 'Connection', 'Expect', 'Upgrade'],
      ...['X-Correlation-Id', 'X', '', ' ', '\0'],
    ),
    fc.constantFrom(
      ...['x', '', '0', '5', '-1', '1e9', 'chunked', 'gzip, chunked', 'close', '100-continue', 'websocket'],
      ...['application/json', 'text/plain', '\0', '\xff', 'a'.repeat(300)],
    ),
  );
  const request = fc
    .record({
      method: fc.constantFrom('GET', 'POST', 'PUT', 'OPTIONS', 'QUERY', 'get', '', 'G\0T'),
      path: fc.oneof(path, fc.constantFrom('/fine', '/nope')),
      version: fc.constantFrom('HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', 'HTTP/1.', ''),
      headers: fc.array(header, { maxLength: 6 }),
      eol: fc.constantFrom('\r\n', '\r\n', '\n'),
      body: fc.oneof(fc.json(), fc.constantFrom('', '5\r\n{"a":\r\n0\r\n\r\n', '{"__proto__":1}')),
    })
    .map(({ method, path: target, version, headers, eol, body }) => {
      const lines = [
        `${method} ${target} ${version}`,
        'Host: x',
        'Connection: close',
        ...headers.map(([name, value]) => `${name}: ${value}`),
      ];
      return Buffer.from(lines.join(eol) + eol + eol + body, 'latin1');
    });
  const bytes = fc.oneof({ weight: 4, arbitrary: request }, fc.uint8Array({ minLength: 1, maxLength: 300 }));

  test('gets JSON or a closed connection, never HTML or a stack trace, and the server lives on', async () => {
    await fc.assert(
      fc.asyncProperty(bytes, async (sent) => {
        const { text, answers } = await sendRaw(server.port, sent, { patienceMs: 60 });
        assert.ok(text === '' || text.startsWith('HTTP/1.1 '), text);
        assert.doesNotMatch(text, /<html|node_modules|\.ts:\d|\bat .*:\d+:\d+/i);
        for (const { status, headers, body } of answers) {
          if (status < 200) continue;
          assert.match(headers.get('content-type') ?? '', /^application\/json/);
          if (status >= 400) errorBody.parse(JSON.parse(body));
          assert.notEqual(status, 500);
        }
      }),
      { numRuns: 300 },
    );
    assert.deepEqual(await (await fetch(`${server.url}/fine`)).json(), { fine: true });
  });
});
