/**
 * Which questions about dead letters are written down: those that tell by their answer alone what a payload holds, or
 * what an error message does where it is shown masked.
 */
import type { DeadLetterFilter, DeadLetterListQuery } from '../../../contract/dead-letters.ts';
import { omit } from '../../platform/collections.ts';
import type { Actor } from '../../platform/http/types.ts';
import { record } from '../audit/record.ts';
import type { DeadLetterDeps } from './types.ts';

/** The conditions that a filter has, by name; not what was searched for. */
export function filtersOf(filter: DeadLetterFilter): string[] {
  const { queue, expiring, ...others } = omit(filter, ['resolved']);
  const given = Object.entries({ queue, ...others }).filter(([, value]) => value !== undefined);
  return given.map(([key]) => key).concat(expiring === 'true' ? 'expiring' : []);
}

/**
 * Writes down who searches payloads or error messages, each page of it: a cursor is of no filter, so one from any other list would
 * let a search go by unseen.
 */
export async function recordSearch(
  query: DeadLetterListQuery,
  actor: Actor,
  { db }: Pick<DeadLetterDeps, 'db'>,
): Promise<void> {
  const { error, payload, payload_value: value } = query;
  if ([error, payload, value].every((text) => text === undefined)) return;
  const filter = omit(query, ['page', 'limit', 'cursor']);
  await db.transaction().execute((tx) =>
    record(tx, actor, {
      action: 'dead_letter.search_personal',
      target: { type: 'queue', id: query.queue ?? '*' },
      changes: { resolved: query.resolved, filters: filtersOf(filter) },
    }),
  );
}
