import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { errorBody } from '../../../contract/errors.ts';
import { startHttpServer, type ListeningServer } from '../../../test/helpers/http-server.ts';
import { rawRequest, sendRaw, type RawAnswer } from '../../../test/helpers/raw-http.ts';
import { badField, HttpError } from './errors.ts';
import type { HttpServer } from './types.ts';

const JSON_TYPE = { 'Content-Type': 'application/json' };
const BODY_LIMIT = 10_000;
const UUID = '8a5d0a3e-1111-4222-8333-444455556666';

const ok = async (_request: unknown, reply: FastifyReply) => reply.send({ ok: true });

function routes(app: HttpServer): void {
  app.get('/things/:id', { schema: { params: z.object({ id: z.uuid() }) } }, ok);
  app.get(
    '/list',
    { schema: { querystring: z.strictObject({ limit: z.coerce.number().int().max(200).optional() }) } },
    ok,
  );
  app.post(
    '/leads',
    {
      schema: {
        body: z.strictObject({ name: z.string(), answers: z.record(z.string(), z.number()).optional() }),
      },
    },
    ok,
  );
  app.post('/retry', ok);
  app.put('/things/:id', ok);
  app.get('/once', { exposeHeadRoute: false }, ok);
  app.get('/files/*', (_request, reply) => reply.callNotFound());
  app.get('/conflict', () => {
    throw new HttpError('already_resolved');
  });
  app.get('/later', () => {
    throw new HttpError('service_unavailable', { retryAfterSeconds: 7, cause: new Error('engine is down') });
  });
  app.get('/field', () => {
    throw badField('queue', 'is unknown');
  });
  app.get('/teapot', () => {
    throw Object.assign(new Error('a plug-in says 418'), { statusCode: 418 });
  });
}

let server: ListeningServer;
before(async () => {
  server = await startHttpServer(routes, { bodyLimit: BODY_LIMIT });
});
after(() => server.close());

/** The one answer to a request, checked for what every error has. */
async function answerTo(bytes: string | Uint8Array): Promise<RawAnswer> {
  const { answers, text } = await sendRaw(server.port, bytes);
  assert.equal(answers.length, 1, text);
  const [answer] = answers;
  assert.ok(answer);
  return answer;
}

async function refusal(
  bytes: string | Uint8Array,
): Promise<{ status: number; body: unknown; answer: RawAnswer }> {
  const answer = await answerTo(bytes);
  assert.equal(answer.headers.get('content-type'), 'application/json; charset=utf-8');
  assert.match(answer.headers.get('x-correlation-id') ?? '', /^[0-9a-f-]{36}$/);
  return { status: answer.status, body: JSON.parse(answer.body), answer };
}

async function assertRefused(
  bytes: string | Uint8Array,
  status: number,
  error: string,
  headers: Record<string, string> = {},
): Promise<void> {
  const refused = await refusal(bytes);
  assert.deepEqual({ status: refused.status, body: refused.body }, { status, body: { error } });
  for (const [name, value] of Object.entries(headers)) {
    assert.equal(refused.answer.headers.get(name), value);
  }
}

describe('an unknown path is 404', () => {
  const requests: [what: string, bytes: string][] = [
    ['any path', rawRequest('GET /nope')],
    [
      'a body of any type',
      rawRequest('POST /nope', { headers: { 'Content-Type': 'text/xml' }, body: '<a/>' }),
    ],
    ['malformed JSON', rawRequest('POST /nope', { headers: JSON_TYPE, body: '{' })],
    ['a trailing slash', rawRequest('GET /list/')],
    ['a doubled slash', rawRequest('GET //list')],
    ['steps upwards', rawRequest('GET /../../etc/passwd')],
    ['an asterisk', rawRequest('OPTIONS *')],
    ['HTTP/1.0', 'GET /nope HTTP/1.0\r\n\r\n'],
  ];
  for (const [what, bytes] of requests) {
    test(what, () => assertRefused(bytes, 404, 'Not found'));
  }

  test('also where a parameter is too long', () =>
    assertRefused(rawRequest(`GET /things/${'a'.repeat(600)}`), 404, 'Not found'));

  test('also where the route finds out by itself that there is nothing', async () => {
    await assertRefused(rawRequest('GET /files/nope'), 404, 'Not found');
    await assertRefused(rawRequest('DELETE /files/nope'), 405, 'Method not allowed', { allow: 'HEAD, GET' });
    const [head] = (await sendRaw(server.port, rawRequest('HEAD /files/nope'))).answers;
    assert.equal(head?.status, 404);
  });

  test('and an oversized body does not change it', () =>
    assertRefused(
      rawRequest('POST /nope', { headers: JSON_TYPE, body: ' '.repeat(BODY_LIMIT + 1) }),
      404,
      'Not found',
    ));
});

describe('a wrong method is 405 and says which are allowed', () => {
  const requests: [request: string, allow: string][] = [
    ['DELETE /leads', 'POST'],
    ['GET /leads', 'POST'],
    ['OPTIONS /leads', 'POST'],
    ['TRACE /leads', 'POST'],
    ['PROPFIND /leads', 'POST'],
    ['QUERY /leads', 'POST'],
    ['DELETE /list', 'HEAD, GET'],
    ['POST /list?limit=5', 'HEAD, GET'],
    ['PATCH /%6cist', 'HEAD, GET'],
    [`DELETE /things/${UUID}`, 'HEAD, GET, PUT'],
    ['POST /things/not-a-uuid', 'HEAD, GET, PUT'],
  ];
  for (const [request, allow] of requests) {
    test(request, () => assertRefused(rawRequest(request), 405, 'Method not allowed', { allow }));
  }

  test('before the body is looked at', () =>
    assertRefused(
      rawRequest('PUT /leads', { headers: { 'Content-Type': 'text/xml' }, body: '<' }),
      405,
      'Method not allowed',
    ));

  test('HEAD is allowed where GET is, and has no body', async () => {
    const { answers, text } = await sendRaw(server.port, rawRequest('HEAD /list'));
    assert.equal(answers[0]?.status, 200);
    assert.ok(text.endsWith('\r\n\r\n'));
    for (const [path, allow] of [
      ['/leads', 'POST'],
      ['/once', 'GET'],
    ]) {
      const [refused] = (await sendRaw(server.port, rawRequest(`HEAD ${path}`))).answers;
      assert.equal(refused?.status, 405);
      assert.equal(refused.headers.get('allow'), allow);
    }
  });
});

describe('a body that is not what it should be', () => {
  test('malformed JSON is 400', () =>
    assertRefused(rawRequest('POST /leads', { headers: JSON_TYPE, body: '{"name":' }), 400, 'Bad request'));

  for (const type of [
    'text/plain',
    'text/xml',
    'application/x-www-form-urlencoded',
    'multipart/form-data',
    ';;;',
  ]) {
    test(`content type ${type} is 415`, () =>
      assertRefused(
        rawRequest('POST /leads', { headers: { 'Content-Type': type }, body: 'name=x' }),
        415,
        'Unsupported media type',
      ));
  }

  test('a body without a content type is 415', () =>
    assertRefused(rawRequest('POST /leads', { body: '{}' }), 415, 'Unsupported media type'));

  test('a JSON type with a charset is accepted', async () => {
    const headers = { 'Content-Type': 'application/json; charset=utf-8' };
    assert.equal((await answerTo(rawRequest('POST /leads', { headers, body: '{"name":"x"}' }))).status, 200);
  });

  test('an empty body is refused where one is needed', async () => {
    for (const bytes of [
      rawRequest('POST /leads', { headers: JSON_TYPE, body: '' }),
      rawRequest('POST /leads'),
    ]) {
      const { status, body } = await refusal(bytes);
      assert.equal(status, 400);
      assert.deepEqual(
        errorBody.parse(body).details?.map(({ field }) => field),
        ['body'],
      );
    }
  });

  test('an empty body is fine where none is needed, whatever its type', async () => {
    for (const bytes of [
      rawRequest('POST /retry', { headers: JSON_TYPE, body: '' }),
      rawRequest('POST /retry'),
    ]) {
      assert.equal((await answerTo(bytes)).status, 200);
    }
  });

  test('an oversized body is 413, by its announced length', () =>
    assertRefused(
      rawRequest('POST /leads', { headers: JSON_TYPE, body: ' '.repeat(BODY_LIMIT + 1) }),
      413,
      'Payload too large',
    ));

  test('an oversized body is 413, by what arrives in chunks', () =>
    assertRefused(
      rawRequest('POST /leads', { headers: { ...JSON_TYPE, 'Transfer-Encoding': 'chunked' } }) +
        `${(BODY_LIMIT + 1).toString(16)}\r\n${' '.repeat(BODY_LIMIT + 1)}\r\n0\r\n\r\n`,
      413,
      'Payload too large',
    ));

  test('poisoning of prototypes is 400', async () => {
    for (const body of ['{"name":"x","__proto__":{"a":1}}', '{"name":"x","constructor":{"prototype":{}}}']) {
      await assertRefused(rawRequest('POST /leads', { headers: JSON_TYPE, body }), 400, 'Bad request');
    }
  });

  test('deeply nested JSON is 400', async () => {
    const body = '['.repeat(BODY_LIMIT / 2 - 1) + ']'.repeat(BODY_LIMIT / 2 - 1);
    assert.equal((await refusal(rawRequest('POST /leads', { headers: JSON_TYPE, body }))).status, 400);
  });
});

describe('a 400 says which field is to blame', () => {
  const cases: [what: string, bytes: string, fields: string[]][] = [
    ['of the path', rawRequest('GET /things/nope'), ['id']],
    ['of the path, with NUL in it', rawRequest('GET /things/%00'), ['id']],
    ['of the query', rawRequest('GET /list?limit=201'), ['limit']],
    ['that the query does not know', rawRequest('GET /list?offset=1&limt=2'), ['offset', 'limt']],
    ['of the body', rawRequest('POST /leads', { headers: JSON_TYPE, body: '{"name":1}' }), ['name']],
    [
      'inside of the body',
      rawRequest('POST /leads', { headers: JSON_TYPE, body: '{"name":"x","answers":{"budget":"y"}}' }),
      ['answers.budget'],
    ],
    ['when the body is no object', rawRequest('POST /leads', { headers: JSON_TYPE, body: '[]' }), ['body']],
    ['that a handler names', rawRequest('GET /field'), ['queue']],
  ];
  for (const [what, bytes, fields] of cases) {
    test(what, async () => {
      const { status, body } = await refusal(bytes);
      const { error, details } = z.strictObject(errorBody.shape).parse(body);
      assert.equal(status, 400);
      assert.equal(error, 'Bad request');
      assert.deepEqual(
        details?.map(({ field }) => field),
        fields,
      );
    });
  }

  test('but never of more than 20 fields', async () => {
    const answers = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`k${index}`, 'x']));
    const body = JSON.stringify({ name: 'x', answers });
    const refused = await refusal(rawRequest('POST /leads', { headers: JSON_TYPE, body }));
    assert.equal(errorBody.parse(refused.body).details?.length, 20);
  });
});

describe('a URL that can not be read', () => {
  for (const path of ['/%', '/%ff', '/%E0%A4%A', '/things/%ff', '/things/%']) {
    test(`${path} is 400`, () => assertRefused(rawRequest(`GET ${path}`), 400, 'Bad request'));
  }

  test('is logged and counted like any other request', async () => {
    const [logged, counted] = [server.log.find('request_completed').length, server.finished.length];
    await assertRefused(rawRequest('GET /%'), 400, 'Bad request');
    assert.equal(server.log.find('request_completed').length, logged + 1);
    assert.equal(server.finished.length, counted + 1);
    const { method, route, status } = server.finished.at(-1) ?? {};
    assert.deepEqual({ method, route, status }, { method: 'GET', route: 'unmatched', status: 400 });
  });

  test('that does not fit the header limit is 431', () =>
    assertRefused(rawRequest(`GET /${'a'.repeat(40_000)}`), 431, 'Request header fields too large'));
});

describe('errors that a handler throws', () => {
  test('have their own status and text', () =>
    assertRefused(rawRequest('GET /conflict'), 409, 'Already resolved'));

  test('a 503 says when to come back, and its cause is in the log only', async () => {
    await assertRefused(rawRequest('GET /later'), 503, 'Service unavailable', { 'retry-after': '7' });
    const line = server.log.find('request_failed').at(-1);
    assert.match(line?.error?.stack ?? '', /Caused by: Error: engine is down/);
  });

  test('a client error of a plug-in that has no text of its own is a 400', () =>
    assertRefused(rawRequest('GET /teapot'), 400, 'Bad request'));
});
