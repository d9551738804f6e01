import type { HttpServer } from './types.ts';

/**
 * Bodies are JSON; any other type is a 415, plain text too. An empty body counts as none, whatever its
 * type: many clients send `Content-Type: application/json` with every POST, also to routes without a
 * body. A route that needs one refuses it by its schema.
 */
export function acceptJsonOnly(app: HttpServer): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body: string, done) => {
    if (body === '') done(null, undefined);
    else void parse(request, body, done);
  });
}
