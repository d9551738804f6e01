import {
  groupDetail,
  groupListQuery,
  groupListResponse,
  groupParams,
  muteRequest,
  muteResponse,
} from '../../../contract/dead-letter-groups.ts';
import { note, noteRequest } from '../../../contract/dead-letters.ts';
import { HttpError } from '../../platform/http/errors.ts';
import { actorOf, type HttpServer } from '../../platform/http/types.ts';
import { muteGroup, unmuteGroup } from './group-mute.ts';
import { readGroup, readGroups } from './groups.ts';
import { writeNote } from './notes.ts';
import type { DeadLetterDeps } from './types.ts';
import { PATH, tags } from './view.ts';

const GROUPS = `${PATH}/groups`;

export function groupRoutes(app: HttpServer, deps: DeadLetterDeps): void {
  app.get(
    GROUPS,
    {
      config: { access: 'dead_letters.view' },
      schema: {
        tags,
        summary: 'What dead letters died of, by count or by recency',
        querystring: groupListQuery,
        response: { 200: groupListResponse },
      },
    },
    async ({ query }) => readGroups(query, deps),
  );

  app.get(
    `${GROUPS}/:id`,
    {
      config: { access: 'dead_letters.view' },
      schema: {
        tags,
        summary: 'One group, with its notes',
        params: groupParams,
        response: { 200: groupDetail },
      },
    },
    async ({ params }) => {
      const group = await readGroup(params.id, deps);
      if (group === null) throw new HttpError('not_found');
      return group;
    },
  );
  changeRoutes(app, deps);
}

function changeRoutes(app: HttpServer, deps: DeadLetterDeps): void {
  app.post(
    `${GROUPS}/:id/mute`,
    {
      config: { access: 'dead_letters.mute' },
      schema: {
        tags,
        summary: 'Keep a group out of the default view and of the alert',
        params: groupParams,
        body: muteRequest,
        response: { 200: muteResponse },
      },
    },
    async (request) => {
      await muteGroup({ id: request.params.id, reason: request.body.reason, actor: actorOf(request) }, deps);
      return { ok: true as const, muted: true };
    },
  );

  app.delete(
    `${GROUPS}/:id/mute`,
    {
      config: { access: 'dead_letters.mute' },
      schema: {
        tags,
        summary: 'Show a muted group again',
        params: groupParams,
        response: { 200: muteResponse },
      },
    },
    async (request) => {
      await unmuteGroup({ id: request.params.id, actor: actorOf(request) }, deps);
      return { ok: true as const, muted: false };
    },
  );

  app.post(
    `${GROUPS}/:id/notes`,
    {
      config: { access: 'dead_letters.note' },
      schema: {
        tags,
        summary: 'Write a note on a group',
        params: groupParams,
        body: noteRequest,
        response: { 201: note },
      },
    },
    async (request, reply) => {
      const about = { type: 'dead_letter_group', id: request.params.id } as const;
      const written = await writeNote({ about, text: request.body.text, actor: actorOf(request) }, deps);
      return reply.code(201).send(written);
    },
  );
}
