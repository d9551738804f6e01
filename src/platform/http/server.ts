/** The HTTP server every role stands on: correlation ids, schemas, security headers, error bodies. */
import { randomUUID } from 'node:crypto';
import helmet from '@fastify/helmet';
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Logger } from '../logging/logger.ts';
import { acceptJsonOnly } from './body.ts';
import { answerClientErrors } from './client-errors.ts';
import { CORRELATION_HEADER, correlationFrom } from './correlation.ts';
import { answerFrameworkError, installErrorHandling } from './error-handling.ts';
import { HttpError } from './errors.ts';
import { answerMisses } from './methods.ts';
import type { HttpServer } from './types.ts';

export interface HttpServerOptions {
  logger: Logger;
  /** Told of every finished request, by route template, in milliseconds. */
  onRequest: (request: { method: string; route: string; status: number; durationMs: number }) => void;
  /** Largest body in bytes. Default 256 KiB. */
  bodyLimit?: number;
  /** How long a client may take to send its request. Default 10 s. */
  requestTimeoutMs?: number;
  /** Proxies whose `X-Forwarded-For` is believed: addresses or CIDR ranges. Default none. */
  trustProxy?: string[];
}

/** How often Node looks for requests that take too long; by default only every 30 s. */
const CHECK_CONNECTIONS_MS = 1_000;

const CONTENT_SECURITY = {
  defaultSrc: ["'self'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'", "'unsafe-inline'"],
  imgSrc: ["'self'", 'data:'],
  objectSrc: ["'none'"],
  frameAncestors: ["'none'"],
  upgradeInsecureRequests: null,
};

export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const requestTimeoutMs = options.requestTimeoutMs ?? 10_000;
  const completed = tellCompleted(options.onRequest);
  const app: HttpServer = fastify({
    logger: false,
    bodyLimit: options.bodyLimit ?? 256 * 1024,
    requestTimeout: requestTimeoutMs,
    http: {
      // Here as well: Node then lowers the limit of the headers with it, and swaps the two if it is longer.
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: CHECK_CONNECTIONS_MS,
      // Node would answer with an empty body; the first hook answers instead.
      requireHostHeader: false,
    },
    connectionTimeout: 0,
    keepAliveTimeout: 72_000,
    forceCloseConnections: 'idle',
    trustProxy:
      options.trustProxy !== undefined && options.trustProxy.length > 0 ? options.trustProxy : false,
    return503OnClosing: false,
    routerOptions: { maxParamLength: 500, ignoreTrailingSlash: false },
    onProtoPoisoning: 'error',
    genReqId: () => randomUUID(),
    frameworkErrors: (error, request, reply) => {
      // No hook runs for these.
      reply.raw.once('finish', () => completed(request, reply));
      answerFrameworkError(options.logger, error, request, reply);
    },
    clientErrorHandler: answerClientErrors(options.logger),
  }).withTypeProvider<ZodTypeProvider>();

  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.decorateRequest('correlationId');
  app.decorateRequest('logger');
  app.decorateRequest('actor', null);
  app.decorateRequest('permissions', null);

  app.addHook('onRequest', async (request, reply) => {
    request.correlationId = correlationFrom(request.headers);
    request.logger = options.logger.withCorrelation(request.correlationId);
    reply.header(CORRELATION_HEADER, request.correlationId);
    if (request.headers.host === undefined && request.raw.httpVersion === '1.1') {
      throw new HttpError('bad_request');
    }
  });
  app.addHook('onResponse', async (request, reply) => completed(request, reply));
  // RFC 9110 leaves unknown expectations to the server; Node would answer 417 with an empty body.
  app.server.on('checkExpectation', (request, response) => app.routing(request, response));

  await app.register(helmet, { contentSecurityPolicy: { directives: CONTENT_SECURITY } });
  acceptJsonOnly(app);
  installErrorHandling(app);
  answerMisses(app);
  return app;
}

/** Counts and logs a finished request. */
function tellCompleted(
  onRequest: HttpServerOptions['onRequest'],
): (request: FastifyRequest, reply: FastifyReply) => void {
  return (request, reply) => {
    // Only templates become labels: a path that nobody serves must not make a new series.
    const route = request.routeOptions.url ?? 'unmatched';
    const { elapsedTime: durationMs, statusCode: status } = reply;
    onRequest({ method: request.method, route, status, durationMs });
    request.logger[request.routeOptions.config.quiet === true ? 'debug' : 'info']('request_completed', {
      method: request.method,
      route,
      status,
      duration_ms: Math.round(durationMs * 100) / 100,
    });
  };
}
