import type { FastifyReply, FastifyRequest, HTTPMethods } from 'fastify';
import { HttpError } from './errors.ts';
import type { HttpServer } from './types.ts';

const METHODS: HTTPMethods[] = ['HEAD', 'GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/**
 * Answers 405 with `Allow` where a path exists but not with this method; 404 is for paths that do not.
 * Looks among the routes at the moment of the miss, so the order of registration does not matter; and
 * before a body is read, so whatever the body is does not matter either.
 */
export function answerMisses(app: HttpServer): void {
  const miss = (request: FastifyRequest, reply: FastifyReply): never => {
    const path = request.url.split('?', 1)[0] ?? '/';
    // Typed as always found, and null when not.
    const find = (method: HTTPMethods): object | null => app.findRoute({ method, url: path });
    const allowed = METHODS.filter((method) => find(method) !== null);
    // A route that has taken the method up and says itself that there is nothing.
    const tookIt = allowed.some((method) => method === request.method);
    if (allowed.length === 0 || tookIt) throw new HttpError('not_found');
    reply.header('allow', allowed.join(', '));
    throw new HttpError('method_not_allowed');
  };
  app.addHook('onRequest', async (request, reply) => {
    if (request.is404) miss(request, reply);
  });
  // For routes that find out by themselves that there is nothing: files, for instance.
  app.setNotFoundHandler(miss);
}
