import { createHttpServer, type HttpServerOptions } from '../../src/platform/http/server.ts';
import type { HttpServer } from '../../src/platform/http/types.ts';
import { captureLog, type CapturedLog } from './log.ts';

export interface ListeningServer {
  app: HttpServer;
  port: number;
  url: string;
  log: CapturedLog;
  /** What the server told of its finished requests, for the metric. */
  finished: { method: string; route: string; status: number; durationMs: number }[];
  close: () => Promise<void>;
}

/** The HTTP server of all roles, with the routes of a test, listening on a free port. */
export async function startHttpServer(
  routes: (app: HttpServer) => void | Promise<void>,
  options: Partial<HttpServerOptions> = {},
): Promise<ListeningServer> {
  const log = captureLog();
  const finished: ListeningServer['finished'] = [];
  const app = await createHttpServer({
    logger: log.logger,
    onRequest: (request) => finished.push(request),
    ...options,
  });
  await routes(app);
  await app.listen({ host: '127.0.0.1', port: 0 });
  const address = app.server.address();
  if (typeof address !== 'object' || address === null) throw new Error('The server has no port');
  const { port } = address;
  return {
    app,
    port,
    url: `http://127.0.0.1:${port}`,
    log,
    finished,
    close: () => app.close(),
  };
}
