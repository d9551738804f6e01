import type { FastifyRequest } from 'fastify';
import {
  type Operation,
  operation,
  operationEntriesQuery,
  operationEntriesResponse,
  operationListQuery,
  operationListResponse,
  operationParams,
  operationRequest,
} from '../../../../contract/dead-letter-operations.ts';
import { deadLetterOperationId } from '../../../../contract/ids.ts';
import { badField, HttpError } from '../../../platform/http/errors.ts';
import { actorOf, type HttpServer, may } from '../../../platform/http/types.ts';
import { refuseToSearchPayloads } from '../search-access.ts';
import type { DeadLetterDeps } from '../types.ts';
import { PATH } from '../view.ts';
import { cancel } from './cancel.ts';
import { start } from './start.ts';
import { findOperation, listEntries, listOperations } from './store.ts';
import { toOperation, withoutTexts } from './view.ts';

const OPERATIONS = `${PATH}/operations`;
const tags = ['dead-letter operations'];
/** Room for the 10,000 ids that a request may have. */
const BODY_LIMIT = 512 * 1024;

export function operationRoutes(app: HttpServer, deps: DeadLetterDeps): void {
  startRoute(app, deps);
  listRoute(app, deps);
  oneRoute(app, deps);
  entriesRoute(app, deps);
  cancelRoute(app, deps);
}

function startRoute(app: HttpServer, deps: DeadLetterDeps): void {
  app.post(
    OPERATIONS,
    {
      bodyLimit: BODY_LIMIT,
      config: { access: 'dead_letters.resolve' },
      schema: {
        tags,
        summary: 'Retry or discard many dead letters in the background',
        body: operationRequest,
        response: { 202: operation },
      },
    },
    async (request, reply) => {
      refuseToSearchPayloads(request, request.body.filter ?? {});
      return reply.code(202).send(await start(request.body, actorOf(request), deps));
    },
  );
}

function listRoute(app: HttpServer, { db }: DeadLetterDeps): void {
  app.get(
    OPERATIONS,
    {
      config: { access: 'dead_letters.view' },
      schema: {
        tags,
        summary: 'Operations, newest first',
        querystring: operationListQuery,
        response: { 200: operationListResponse },
      },
    },
    async (request) => {
      const { cursor, limit } = request.query;
      const before = cursor === undefined ? null : operationAt(cursor);
      // One more than asked for tells whether there is another page.
      const rows = await listOperations(db, { before, limit: limit + 1 });
      const page = rows.slice(0, limit);
      return {
        operations: page.map((row) => shown(request, toOperation(row))),
        next_cursor: rows.length > limit ? (page.at(-1)?.id ?? null) : null,
      };
    },
  );
}

/** Who may not search payloads does not read what others searched them for. */
function shown(request: FastifyRequest, one: Operation): Operation {
  return may(request, 'dead_letters.reveal') ? one : { ...one, filter: withoutTexts(one.filter) };
}

/** A page ends at an operation; those before it were asked for earlier. */
function operationAt(cursor: string) {
  const parsed = deadLetterOperationId.safeParse(cursor);
  if (!parsed.success) throw badField('cursor', 'must be the next_cursor of a page');
  return parsed.data;
}

function oneRoute(app: HttpServer, { db }: DeadLetterDeps): void {
  app.get(
    `${OPERATIONS}/:id`,
    {
      config: { access: 'dead_letters.view' },
      schema: {
        tags,
        summary: 'One operation and how far it is',
        params: operationParams,
        response: { 200: operation },
      },
    },
    async (request) => {
      const row = await findOperation(db, request.params.id);
      if (row === null) throw new HttpError('not_found');
      return shown(request, toOperation(row));
    },
  );
}

function entriesRoute(app: HttpServer, { db }: DeadLetterDeps): void {
  app.get(
    `${OPERATIONS}/:id/entries`,
    {
      config: { access: 'dead_letters.view' },
      schema: {
        tags,
        summary: 'What became of each entry of an operation',
        params: operationParams,
        querystring: operationEntriesQuery,
        response: { 200: operationEntriesResponse },
      },
    },
    async ({ params, query: { outcome, cursor, limit } }) => {
      if ((await findOperation(db, params.id)) === null) throw new HttpError('not_found');
      const after = cursor === undefined ? 0 : positionAt(cursor);
      const rows = await listEntries(db, params.id, { outcome, after, limit: limit + 1 });
      const page = rows.slice(0, limit);
      return {
        entries: page,
        next_cursor: rows.length > limit ? String(page.at(-1)?.position ?? 0) : null,
      };
    },
  );
}

function positionAt(cursor: string): number {
  if (!/^\d{1,9}$/.test(cursor)) throw badField('cursor', 'must be the next_cursor of a page');
  return Number(cursor);
}

function cancelRoute(app: HttpServer, deps: DeadLetterDeps): void {
  app.delete(
    `${OPERATIONS}/:id`,
    {
      config: { access: 'dead_letters.resolve' },
      schema: {
        tags,
        summary: 'Stop an operation; entries that it has not reached stay unresolved',
        params: operationParams,
        response: { 200: operation },
      },
    },
    async (request) => shown(request, await cancel(request.params.id, actorOf(request), deps)),
  );
}
