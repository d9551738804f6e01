/** The HTTP server every role stands on: correlation ids, schemas, security headers, error bodies. */
import { randomUUID } from 'node:crypto';
import helmet from '@fastify/helmet';
import fastify from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { correlationId, type CorrelationId } from '../../../contract/ids.ts';
import type { Logger } from '../logging/logger.ts';
import { installErrorHandling, answerClientError, answerFrameworkError } from './error-handling.ts';
import { answerWrongMethods } from './methods.ts';
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

const CORRELATION_HEADER = 'x-correlation-id';

export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const app: HttpServer = fastify({
    logger: false,
    bodyLimit: options.bodyLimit ?? 256 * 1024,
    requestTimeout: options.requestTimeoutMs ?? 10_000,
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
      answerFrameworkError(options.logger, error, request, reply);
    },
    clientErrorHandler: answerClientError,
  }).withTypeProvider<ZodTypeProvider>();

  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.decorateRequest('correlationId');
  app.decorateRequest('logger');
  app.decorateRequest('actor', null);

  app.addHook('onRequest', async (request, reply) => {
    request.correlationId = correlationFrom(request.headers[CORRELATION_HEADER]);
    request.logger = options.logger.withCorrelation(request.correlationId);
    reply.header(CORRELATION_HEADER, request.correlationId);
  });
  app.addHook('onResponse', async (request, reply) => {
    // Only templates become labels: a path that nobody serves must not make a new series.
    const route = request.routeOptions.url ?? 'unmatched';
    const { elapsedTime: durationMs, statusCode: status } = reply;
    options.onRequest({ method: request.method, route, status, durationMs });
    request.logger[request.routeOptions.config.quiet === true ? 'debug' : 'info']('request_completed', {
      method: request.method,
      route,
      status,
      duration_ms: Math.round(durationMs * 100) / 100,
    });
  });

  await app.register(helmet, {
    contentSecurityPolicy: {
      directives: {
        defaultSrc: ["'self'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        objectSrc: ["'none'"],
        frameAncestors: ["'none'"],
        upgradeInsecureRequests: null,
      },
    },
  });

  installErrorHandling(app);
  answerWrongMethods(app);
  return app;
}

/** The caller's id when it is a valid UUID, else a new one. */
function correlationFrom(header: string | string[] | undefined): CorrelationId {
  const parsed = correlationId.safeParse(Array.isArray(header) ? header[0] : header);
  return parsed.success ? parsed.data : correlationId.parse(randomUUID());
}
