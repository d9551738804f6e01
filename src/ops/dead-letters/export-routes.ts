import { Readable } from 'node:stream';
import { exportQuery } from '../../../contract/dead-letters.ts';
import { actorOf, type HttpServer } from '../../platform/http/types.ts';
import type { Logger } from '../../platform/logging/logger.ts';
import { exportEntries, recordExport, type Format, type Piece } from './export.ts';
import { refuseToSearchPayloads } from './search-access.ts';
import type { DeadLetterDeps } from './types.ts';
import { PATH, tags } from './view.ts';

const CONTENT_TYPES: Readonly<Record<Format, string>> = {
  ndjson: 'application/x-ndjson; charset=utf-8',
  csv: 'text/csv; charset=utf-8; header=present',
};

export function exportRoutes(app: HttpServer, deps: DeadLetterDeps): void {
  app.get(
    `${PATH}/export`,
    {
      config: { access: 'dead_letters.export' },
      // A HEAD would read it all to say nothing.
      exposeHeadRoute: false,
      schema: {
        tags,
        summary: 'Dead letters as NDJSON or CSV, personal fields masked; as many as there are',
        querystring: exportQuery,
      },
    },
    async (request, reply) => {
      const { query, logger } = request;
      refuseToSearchPayloads(request, query);
      await recordExport(query, actorOf(request), deps);
      const gone = new AbortController();
      reply.raw.once('close', () => gone.abort());
      const pieces = exportEntries(query, deps, gone.signal);
      // What goes wrong up to here is answered like any other error.
      const first = await pieces.next();
      const moment = new Date(deps.clock.now()).toISOString().slice(0, 19).replaceAll(':', '-');
      return reply
        .header('content-type', CONTENT_TYPES[query.format])
        .header('content-disposition', `attachment; filename="fmhl-dead-letters-${moment}Z.${query.format}"`)
        .send(
          Readable.from(
            told(first, pieces, {
              format: query.format,
              logger,
              signal: gone.signal,
              // A rare match may be long in coming, and proxies give up on an answer that does not begin.
              begin: () => reply.raw.flushHeaders(),
            }),
            { objectMode: false },
          ),
        );
    },
  );
}

interface Telling {
  format: Format;
  logger: Logger;
  signal: AbortSignal;
  /** Sends the headers. */
  begin: () => void;
}

/**
 * The text of the pieces; tells how it ended. An error breaks the connection off: better than an end that
 * looks like a whole file.
 */
async function* told(
  first: IteratorResult<Piece, undefined>,
  rest: AsyncIterable<Piece>,
  { format, logger, signal, begin }: Telling,
): AsyncGenerator<string> {
  let entries = 0;
  let outcome = 'abandoned';
  let failure: unknown;
  try {
    begin();
    if (first.done !== true) {
      entries += first.value.entries;
      yield first.value.text;
      for await (const piece of rest) {
        entries += piece.entries;
        yield piece.text;
      }
    }
    if (!signal.aborted) outcome = 'completed';
  } catch (error) {
    outcome = 'failed';
    failure = error;
    throw error;
  } finally {
    const level = outcome === 'failed' ? 'error' : 'info';
    logger[level]('dead_letters_exported', { format, entries, outcome }, failure);
  }
}
