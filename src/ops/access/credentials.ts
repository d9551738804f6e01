/** Where a request carries its session token, and how a browser gets one. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { HttpError } from '../../platform/http/errors.ts';
import { DEVICE_DAYS } from './devices.ts';

export const SESSION_COOKIE = 'fmhl_session';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);
const BEARER = /^Bearer +(\S+)$/i;

export interface Credentials {
  token: string;
  /** The browser added it by itself, whoever asked it to make the request. */
  fromCookie: boolean;
}

/** The token of `Authorization: Bearer …`, else of the cookie. An `Authorization` of another kind is no token. */
export function credentialsOf(request: FastifyRequest): Credentials | null {
  const { authorization } = request.headers;
  if (authorization !== undefined) {
    const token = BEARER.exec(authorization)?.[1];
    return token === undefined ? null : { token, fromCookie: false };
  }
  const token = request.cookies[SESSION_COOKIE];
  return token === undefined || token === '' ? null : { token, fromCookie: true };
}

/**
 * Refuses a change that another site may have made the browser ask for. SameSite=Strict keeps the cookie
 * off such requests; this is for sibling subdomains, which count as the same site. A request with neither
 * header is let through: every browser that sends the cookie sends one of them with a change.
 * @throws HttpError `insufficient_permissions`
 */
export function refuseForeignChange(request: FastifyRequest): void {
  if (SAFE_METHODS.has(request.method)) return;
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined) {
    if (site !== 'same-origin' && site !== 'none') throw new HttpError('insufficient_permissions');
    return;
  }
  const { origin } = request.headers;
  if (origin !== undefined && hostOf(origin) !== request.host.toLowerCase()) {
    throw new HttpError('insufficient_permissions');
  }
}

/** The host and port of an origin as a `Host` header has them: without the scheme's own port. */
function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}

/** Out of reach of scripts and of other sites; for HTTPS alone where the request came that way. */
const COOKIE = { httpOnly: true, sameSite: 'strict', path: '/', secure: 'auto' } as const;

/** Ends with the browser; how long the session lasts is the server's to say. */
export function giveCookie(reply: FastifyReply, token: string): void {
  reply.setCookie(SESSION_COOKIE, token, COOKIE);
}

const DEVICE_COOKIE = 'fmhl_device';

/** Outlives sessions, and is sent where one signs in or confirms, nowhere else. */
export function giveDeviceCookie(reply: FastifyReply, token: string): void {
  reply.setCookie(DEVICE_COOKIE, token, { ...COOKIE, path: '/api/v1/auth', maxAge: DEVICE_DAYS * 86_400 });
}

/** The token of the browser's cookie; null for a browser that has none. */
export function deviceOf(request: FastifyRequest): string | null {
  return request.cookies[DEVICE_COOKIE] ?? null;
}

export function takeCookie(reply: FastifyReply): void {
  reply.clearCookie(SESSION_COOKIE, COOKIE);
}
