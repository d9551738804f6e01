/** The admin UI: built files of `ui/`, served at `/`. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyReply } from 'fastify';
import { UI_PAGES } from '../../contract/pages.ts';
import type { HttpServer } from '../platform/http/types.ts';

const NOT_BUILT =
  'The admin UI is not built. Run `npm run build:ui` and start again. The API is described at /api/docs.\n';

/**
 * Serves `GET /`, every page of the UI and its files. All of it is public: it holds no data, and shows none before
 * somebody has signed in.
 * @param directory where `npm run build:ui` put it; when it is not there, the pages say so with a 503
 */
export async function uiRoutes(app: HttpServer, { directory }: { directory: string }): Promise<void> {
  const built = existsSync(join(directory, 'index.html'));
  if (built) await app.register(fastifyStatic, { root: directory, serve: false, preCompressed: true });
  const get = (url: string, send: (reply: FastifyReply, file: string) => FastifyReply): void => {
    app.get<{ Params: { '*'?: string } }>(
      url,
      { config: { access: 'public', quiet: true }, schema: { hide: true } },
      (request, reply) =>
        built
          ? send(reply, request.params['*'] ?? '')
          : reply.code(503).type('text/plain; charset=utf-8').send(NOT_BUILT),
    );
  };

  get('/favicon.svg', (reply) => reply.sendFile('favicon.svg', { maxAge: '1d' }));
  // Their names change with what is in them.
  get('/assets/*', (reply, file) => reply.sendFile(`assets/${file}`, { maxAge: '365d', immutable: true }));
  // Names the files of this build, so it is asked for every time.
  const page = (reply: FastifyReply): FastifyReply =>
    reply.header('cache-control', 'no-cache').sendFile('index.html', { cacheControl: false });
  for (const name of UI_PAGES) {
    for (const url of name === '' ? ['/'] : [`/${name}`, `/${name}/*`]) get(url, page);
  }
}
