/** All routes are closed unless declared open: the hook that enforces `config.access` of every route. */
import cookie from '@fastify/cookie';
import rateLimit from '@fastify/rate-limit';
import type { FastifyRequest } from 'fastify';
import { HttpError } from '../../platform/http/errors.ts';
import { type Access, type HttpServer, originOf } from '../../platform/http/types.ts';
import type { Clock } from '../../platform/lifecycle/clock.ts';
import type { Db } from '../../platform/postgres/db.ts';
import { createAuthenticator } from './authenticate.ts';
import { mayEnter } from './identity.ts';
import { createPeerCheck, INTERNAL_RANGES } from './peers.ts';
import { confirmedUntil } from './sessions.ts';
import type { CurrentSession } from './types.ts';

export interface AccessOptions {
  db: Db;
  clock: Clock;
  /** Peers that `internal` routes answer: addresses or CIDR ranges. Default {@link INTERNAL_RANGES}. */
  internalRanges?: readonly string[] | undefined;
  /** Paths under which plug-ins register routes that anybody may read, such as `/api/docs`. Default none. */
  publicPrefixes?: readonly string[] | undefined;
}

export interface RouteAccess {
  method: string;
  /** The template: `/api/v1/admin/queues/dlq/:id`. */
  url: string;
  access: Access;
}

export interface AccessGuard {
  /** Every route registered since the guard was installed, with who may call it. */
  routes: () => readonly RouteAccess[];
}

/**
 * Installs the guard; what is registered before it is not guarded, so call it first. Also brings cookies
 * and rate limits, which a route asks for with `config.rateLimit`.
 * @throws StartError when a range of `internalRanges` can't be read
 */
export async function installAccess(app: HttpServer, options: AccessOptions): Promise<AccessGuard> {
  const isInternalPeer = createPeerCheck(options.internalRanges ?? INTERNAL_RANGES);
  const routes = collectRoutes(app, options.publicPrefixes ?? []);
  app.decorateRequest('accessSession', null);
  await app.register(cookie);
  await app.register(rateLimit, {
    global: false,
    errorResponseBuilder: (_request, { ttl }) =>
      new HttpError('too_many_requests', { retryAfterSeconds: Math.ceil(ttl / 1000) }),
  });
  const authenticate = createAuthenticator(app, options);

  app.addHook('onRequest', async (request, reply) => {
    // What has no route does not come here: the platform has answered 404 or 405 already.
    const access = request.routeOptions.config.access ?? 'admin';
    if (access === 'public') return;
    if (access === 'internal') {
      if (isProxied(request) || !isInternalPeer(request.socket.remoteAddress)) {
        throw new HttpError('insufficient_permissions');
      }
      return;
    }
    reply.header('cache-control', 'no-store');
    // Read while the client is surely there: an address goes with its socket.
    const origin = originOf(request);
    const identity = await authenticate(request, reply);
    if (!mayEnter(identity, access)) throw new HttpError('insufficient_permissions');
    const { session, userId, role, tokenId, permissions } = identity;
    if (request.routeOptions.config.confirmed === true) refuseUnconfirmed(session, options.clock.now());
    request.accessSession = session;
    request.permissions = permissions;
    request.actor = { userId, role, ...(tokenId === null ? {} : { tokenId }), ...origin };
  });
  return { routes: () => routes };
}

/** The address of the socket is the proxy's then, and says nothing about who asks. */
function isProxied(request: FastifyRequest): boolean {
  return request.headers.forwarded !== undefined || request.headers['x-forwarded-for'] !== undefined;
}

function refuseUnconfirmed(session: CurrentSession | null, nowMs: number): void {
  if (session === null) throw new HttpError('insufficient_permissions');
  if (confirmedUntil(session, nowMs) === null) throw new HttpError('confirmation_required');
}

function collectRoutes(app: HttpServer, publicPrefixes: readonly string[]): RouteAccess[] {
  const routes: RouteAccess[] = [];
  app.addHook('onRoute', (route) => {
    const methods = [route.method].flat();
    const readOnly = methods.every((method) => method === 'GET' || method === 'HEAD');
    const isPublic = publicPrefixes.some(
      (prefix) => route.url === prefix || route.url.startsWith(`${prefix}/`),
    );
    if (isPublic && readOnly) route.config = { ...route.config, access: 'public' };
    const access = route.config?.access ?? 'admin';
    for (const method of methods) routes.push({ method, url: route.url, access });
  });
  return routes;
}
