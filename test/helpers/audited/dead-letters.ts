import { sql } from 'kysely';
import type { Db } from '../../../src/platform/postgres/db.ts';
import { makeDeadLetters, type MakeDeadLetter } from '../../factories/dead-letters.ts';
import { moved, PLANTED, PLANTED_EMAIL, type Requests } from './request.ts';

/** A dead letter whose payload is full of personal data. */
async function aDeadLetter(db: Db, resolution?: 'discarded') {
  const given: MakeDeadLetter = { payload: { to: PLANTED_EMAIL, name: PLANTED } };
  const [id = ''] = await makeDeadLetters(db, [resolution === undefined ? given : { ...given, resolution }]);
  return { type: 'dead_letter', id } as const;
}

/** The group of a dead letter that died of its own. */
async function aGroup(db: Db, { muted = false } = {}) {
  const [letter] = await makeDeadLetters(db, [{ errorMessage: `muted is ${muted}` }]);
  const { rows } = await sql<{ id: string }>`
    UPDATE dead_letter_groups
       SET muted_at = CASE WHEN ${muted} THEN now() END, muted_by = CASE WHEN ${muted} THEN gen_random_uuid() END
     WHERE id = (SELECT group_id FROM dead_letter_queue WHERE id = ${letter})
    RETURNING id`.execute(db);
  return { type: 'dead_letter_group', id: rows[0]?.id ?? '' } as const;
}

const PATH = '/api/v1/admin/queues/dlq';

export const DEAD_LETTER_REQUESTS: Requests = {
  [`POST ${PATH}/:id/retry`]: async (db) => {
    const target = await aDeadLetter(db);
    return {
      params: [target.id],
      entry: ({ job_id }) => ({
        ...{ action: 'dead_letter.retry', target },
        changes: { resolution: moved(null, 'retried'), job_id },
      }),
      again: 409,
    };
  },
  [`POST ${PATH}/:id/retry (edited)`]: async (db) => {
    const target = await aDeadLetter(db);
    return {
      params: [target.id],
      body: { payload: { to: `other-${PLANTED_EMAIL}`, name: PLANTED }, reason: 'a typo' },
      entry: ({ job_id }) => ({
        ...{ action: 'dead_letter.edit_and_retry', target, reason: 'a typo' },
        changes: { resolution: moved(null, 'retried'), job_id, changed_paths: ['/payload/to'] },
      }),
      again: 409,
    };
  },
  [`DELETE ${PATH}/:id`]: async (db) => {
    const target = await aDeadLetter(db);
    return {
      params: [target.id],
      entry: () => ({
        ...{ action: 'dead_letter.discard', target },
        changes: { resolution: moved(null, 'discarded') },
      }),
      again: 409,
    };
  },
  [`POST ${PATH}/:id/reopen`]: async (db) => {
    const target = await aDeadLetter(db, 'discarded');
    return {
      params: [target.id],
      body: { reason: 'too early' },
      entry: () => ({
        ...{ action: 'dead_letter.reopen', target, reason: 'too early' },
        changes: { resolution: moved('discarded', null) },
      }),
      again: 409,
    };
  },
  [`POST ${PATH}/:id/notes`]: async (db) => {
    const target = await aDeadLetter(db);
    return {
      params: [target.id],
      body: { text: `ask ${PLANTED_EMAIL}` },
      entry: ({ id }) => ({ action: 'dead_letter.note', target, changes: { note_id: id } }),
    };
  },
  [`POST ${PATH}/groups/:id/mute`]: async (db) => {
    const target = await aGroup(db);
    return {
      params: [target.id],
      body: { reason: 'known for long' },
      entry: () => ({
        ...{ action: 'dead_letter_group.mute', target, reason: 'known for long' },
        changes: { muted: moved(false, true) },
      }),
      again: 200,
    };
  },
  [`DELETE ${PATH}/groups/:id/mute`]: async (db) => {
    const target = await aGroup(db, { muted: true });
    return {
      params: [target.id],
      entry: () => ({
        ...{ action: 'dead_letter_group.unmute', target },
        changes: { muted: moved(true, false) },
      }),
      again: 200,
    };
  },
  [`POST ${PATH}/groups/:id/notes`]: async (db) => {
    const target = await aGroup(db);
    return {
      params: [target.id],
      body: { text: `ask ${PLANTED_EMAIL}` },
      entry: ({ id }) => ({ action: 'dead_letter_group.note', target, changes: { note_id: id } }),
    };
  },
  [`GET ${PATH}/:id`]: async (db) => {
    const payload = { to: PLANTED_EMAIL, template: 'welcome', data: { company_name: PLANTED } };
    const [id = ''] = await makeDeadLetters(db, [{ queueName: 'email_send', payload }]);
    return {
      params: [id],
      entry: () => ({
        ...{ action: 'dead_letter.view_personal', target: { type: 'dead_letter', id } },
        changes: { queue: 'email_send' },
      }),
    };
  },
  [`GET ${PATH}`]: () => ({
    query: `?queue=email_send&payload_path=to&payload_value=${PLANTED_EMAIL}&payload=${PLANTED}`,
    entry: () => ({
      action: 'dead_letter.search_personal',
      target: { type: 'queue', id: 'email_send' },
      changes: { resolved: 'false', filters: ['queue', 'payload', 'payload_path', 'payload_value'] },
    }),
  }),
  [`GET ${PATH}/export`]: () => ({
    entry: () => ({
      action: 'dead_letter.export',
      target: { type: 'queue', id: '*' },
      changes: { format: 'ndjson', resolved: 'false', filters: [] },
    }),
  }),
  [`POST ${PATH}/operations`]: async (db) => {
    const { id } = await aDeadLetter(db);
    return {
      body: { action: 'discard', ids: [id], reason: 'an old bug' },
      entry: (answer) => ({
        action: 'dead_letter_operation.start',
        target: { type: 'dead_letter_operation', id: String(answer.id) },
        reason: 'an old bug',
        changes: {
          ...{ action: 'discard', filter: { ids: 1 }, rate_per_second: null },
          ...{ state: 'running', matched: 1 },
        },
      }),
    };
  },
  [`DELETE ${PATH}/operations/:id`]: async (db) => {
    const { rows } = await sql<{ id: string }>`
      INSERT INTO dead_letter_operations (action, filter, reason, state, asked_at, asked_by, correlation_id)
      VALUES ('retry', '{}', ${PLANTED}, 'running', now(), gen_random_uuid(), gen_random_uuid())
      RETURNING id`.execute(db);
    const id = rows[0]?.id ?? '';
    return {
      params: [id],
      entry: () => ({
        action: 'dead_letter_operation.cancel',
        target: { type: 'dead_letter_operation', id },
        changes: { state: 'cancelled', matched: 0, processed: 0, succeeded: 0 },
      }),
      again: 409,
    };
  },
};
