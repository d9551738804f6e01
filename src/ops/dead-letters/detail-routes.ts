import {
  deadLetterDetail,
  deadLetterDetailQuery,
  deadLetterParams,
  note,
  noteRequest,
} from '../../../contract/dead-letters.ts';
import { actorOf, type HttpServer, may } from '../../platform/http/types.ts';
import { readDetail } from './detail.ts';
import { writeNote } from './notes.ts';
import type { DeadLetterDeps } from './types.ts';
import { PATH, tags } from './view.ts';

export function detailRoutes(app: HttpServer, deps: DeadLetterDeps): void {
  app.get(
    `${PATH}/:id`,
    {
      config: { access: 'dead_letters.view' },
      schema: {
        tags,
        summary: 'One dead letter with its payload and stack trace; looking at personal fields is audited',
        params: deadLetterParams,
        querystring: deadLetterDetailQuery,
        response: { 200: deadLetterDetail },
      },
    },
    async (request) => {
      const masked = request.query.masked === 'true' || !may(request, 'dead_letters.reveal');
      return readDetail({ id: request.params.id, masked, actor: actorOf(request) }, deps);
    },
  );

  app.post(
    `${PATH}/:id/notes`,
    {
      config: { access: 'dead_letters.note' },
      schema: {
        tags,
        summary: 'Write a note on a dead letter',
        params: deadLetterParams,
        body: noteRequest,
        response: { 201: note },
      },
    },
    async (request, reply) => {
      const about = { type: 'dead_letter', id: request.params.id } as const;
      const written = await writeNote({ about, text: request.body.text, actor: actorOf(request) }, deps);
      return reply.code(201).send(written);
    },
  );
}
