import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyRequest,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Permission, UserRole } from '../../../contract/access.ts';
import type { ApiTokenId, CorrelationId, UserId } from '../../../contract/ids.ts';
import type { Logger } from '../logging/logger.ts';

/** Where a request comes from, as sessions and the audit log keep it. */
export interface Origin {
  ip: string;
  userAgent: string | null;
  correlationId: CorrelationId;
}

/** Where a request comes from: the client's address, not that of a proxy that `trustProxy` names. */
export function originOf(request: FastifyRequest): Origin {
  // The types don't say it: a socket that was closed meanwhile has no address.
  const ip = (request.ip as string | undefined) ?? 'unknown';
  return { ip, userAgent: request.headers['user-agent'] ?? null, correlationId: request.correlationId };
}

/** Who makes a request, and from where, once the guard has let it in. */
export interface Actor extends Origin {
  userId: UserId;
  role: UserRole;
  /** The API token that a program came with; left out for a session. */
  tokenId?: ApiTokenId;
}

/** Who makes the request. Only for routes behind the guard, where there always is somebody. */
export function actorOf(request: FastifyRequest): Actor {
  if (request.actor === null) throw new Error('This route was reached without passing the guard');
  return request.actor;
}

/** Whether the caller may do something beyond what the route asks for. */
export function may(request: FastifyRequest, permission: Permission): boolean {
  return request.permissions?.has(permission) ?? false;
}

/**
 * Who may call a route. Every route says so in `config.access`; one that does not is for admins in a session.
 *  - `public`: anybody.
 *  - `internal`: peers in loopback and private ranges, never through a proxy (`/metrics`).
 *  - `session`: anybody with a session, at any stage (to finish signing in, or to log out).
 *  - `user`: anybody with a full session, which for staff means with MFA.
 *  - `provider`: a provider with a full session.
 *  - a permission: whose role has it (contract/access.ts), in a full session or with an API token.
 */
export type Access = 'public' | 'internal' | 'session' | 'user' | 'provider' | 'admin' | Permission;

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
    /** A dangerous action: the password and code must have been given within the last 10 minutes. */
    confirmed?: boolean;
    /** Its requests are logged at `debug`, not `info`: probes and scrapes. */
    quiet?: boolean;
  }
  interface FastifyRequest {
    correlationId: CorrelationId;
    /** The logger that carries this request's correlation id. */
    logger: Logger;
    /** Set by the guard; null on routes that anybody may call. */
    actor: Actor | null;
    /** Set by the guard beside `actor`: what the caller may do. */
    permissions: ReadonlySet<Permission> | null;
  }
}

/** The server as routes see it: requests and responses are typed by their zod schemas. */
export type HttpServer = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;
