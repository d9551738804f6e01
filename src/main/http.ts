/** The HTTP server of a role: health, metrics and runbooks for all, the API for those that serve it. */
import { createServer } from 'node:net';
import { join } from 'node:path';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { jsonSchemaTransform } from 'fastify-type-provider-zod';
import { installAccess, type AccessGuard } from '../ops/access/guard.ts';
import { dependencyChecks } from '../ops/health/checks.ts';
import { createReadiness, type Readiness } from '../ops/health/readiness.ts';
import { healthRoutes } from '../ops/health/routes.ts';
import type { Metrics } from '../ops/metrics/registry.ts';
import { metricsRoutes } from '../ops/metrics/routes.ts';
import { runbookRoutes } from '../ops/runbooks/routes.ts';
import { createHttpServer, type HttpServerOptions } from '../platform/http/server.ts';
import type { HttpServer } from '../platform/http/types.ts';
import { errorText, StartError } from '../platform/lifecycle/errors.ts';
import { apiRoutes } from './api-routes.ts';
import { consoleRoutes } from './console-routes.ts';
import { packageRoot, packageVersion } from './package.ts';
import type { Services } from './services.ts';

export interface BuiltServer {
  app: HttpServer;
  readiness: Readiness;
  guard: AccessGuard;
}

/** Builds the server of a role; it does not listen yet. */
export async function buildServer(services: Services, publicUrl: () => string): Promise<BuiltServer> {
  const { config, logger, metrics, clock, pool, db, engine, role } = services;
  const app = await createHttpServer({
    logger,
    trustProxy: config.trustProxy,
    onRequest: requestMetrics(metrics),
  });
  const guard = await installAccess(app, {
    db,
    clock,
    internalRanges: config.metricsAllow ?? undefined,
    publicPrefixes: ['/api/docs'],
  });
  const servesApi = role === 'start' || role === 'api';
  if (servesApi) await documentation(app);

  const checks = dependencyChecks({ pool, engine, queue: services.queueNames[0] ?? '' });
  const readiness = createReadiness({ checks, clock, metrics, logger });
  healthRoutes(app, { readiness });
  metricsRoutes(app, { metrics });
  // From every role: the one that an alert is about may be the one that would have said what to do.
  runbookRoutes(app, { directory: join(packageRoot(), 'docs/runbooks'), isPublic: config.runbooksPublic });
  if (servesApi) {
    await apiRoutes(app, services, publicUrl);
    consoleRoutes(app, services);
  }
  await app.ready();
  return { app, readiness, guard };
}

/** Observes every request; those to the API are also counted by their outcome, for the share that is well answered. */
function requestMetrics(metrics: Metrics): HttpServerOptions['onRequest'] {
  // Both series from the start, at 0: the share is known before the first error.
  const toApi = {
    ok: metrics.counter('fmhl_api_requests_total', { outcome: 'ok' }),
    error: metrics.counter('fmhl_api_requests_total', { outcome: 'error' }),
  };
  return ({ method, route, status, durationMs }) => {
    metrics
      .histogram('fmhl_http_request_duration_seconds', {
        method: methodLabel(method),
        route,
        status: String(status),
      })
      .observe(durationMs / 1000);
    if (route.startsWith('/api/')) toApi[status >= 500 ? 'error' : 'ok'].inc();
  };
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Clients can send any word as a method; only known ones become a label. */
function methodLabel(method: string): string {
  return METHODS.has(method) ? method : 'other';
}

async function documentation(app: HttpServer): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Find Me a Hot Lead',
        description: 'The marketplace and its operations control plane.',
        version: packageVersion(),
      },
      components: {
        securitySchemes: {
          bearer: {
            type: 'http',
            scheme: 'bearer',
            description: 'The token of a session, from /api/v1/auth, or an API token (fmhl_…)',
          },
        },
      },
      security: [{ bearer: [] }],
    },
    transform: jsonSchemaTransform,
  });
  await app.register(swaggerUi, { routePrefix: '/api/docs' });
}

/**
 * Starts listening.
 * @returns the URL that reaches the server from this machine
 * @throws StartError when the port is taken or the host is not one of this machine
 */
export async function listen(
  app: HttpServer,
  { host, port }: { host: string; port: number },
): Promise<string> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    throw cannotListen(host, port, error);
  }
  const address = app.addresses()[0];
  const actual = typeof address === 'object' ? address.port : port;
  return `http://${localName(host)}:${actual}`;
}

/**
 * Fails at once when the port is taken, before the slower parts of the start.
 * @throws StartError
 */
export async function refuseTakenPort({ host, port }: { host: string; port: number }): Promise<void> {
  if (port === 0) return;
  await new Promise<void>((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error) => reject(cannotListen(host, port, error)));
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve()));
  });
}

function cannotListen(host: string, port: number, error: unknown): StartError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') {
    return new StartError(
      `Port ${port} on ${host} is taken. Stop what listens there, or choose another with PORT.`,
    );
  }
  return new StartError(`Can't listen on ${host}:${port}: ${errorText(error)}. See HOST and PORT.`);
}

function localName(host: string): string {
  if (host === '0.0.0.0' || host === '::' || host === '127.0.0.1') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
