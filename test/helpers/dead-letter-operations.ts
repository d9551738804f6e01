/** Bulk operations through the product's own API, and their runner without its loop. */
import assert from 'node:assert/strict';
import { sql } from 'kysely';
import {
  operation as operationSchema,
  operationEntriesResponse,
  type EntryOutcome,
  type Operation,
} from '../../contract/dead-letter-operations.ts';
import { createRunner } from '../../src/ops/dead-letters/operations/run.ts';
import type { DeadLetterDeps } from '../../src/ops/dead-letters/types.ts';
import type { TestApi } from './api.ts';
import type { TestSystem } from './system.ts';

export const OPERATIONS = '/api/v1/admin/queues/dlq/operations';
export const REASON = 'the mail server is back';

export async function startOperation(api: TestApi, body: object): Promise<Operation> {
  const answer = await api.call('POST', OPERATIONS, { body: { reason: REASON, ...body } });
  assert.equal(answer.status, 202, JSON.stringify(answer.body));
  return operationSchema.parse(answer.body);
}

export async function readOperation(api: TestApi, id: string): Promise<Operation> {
  return operationSchema.parse((await api.call('GET', `${OPERATIONS}/${id}`)).body);
}

/** What became of each entry, by the entry's id. */
export async function outcomesOf(api: TestApi, id: string): Promise<Record<string, EntryOutcome | null>> {
  const { body } = await api.call('GET', `${OPERATIONS}/${id}/entries?limit=1000`);
  const { entries } = operationEntriesResponse.parse(body);
  return Object.fromEntries(entries.map((entry) => [entry.dead_letter_id, entry.outcome]));
}

/** Runs rounds until nothing is left to do. */
export async function runAll(deps: DeadLetterDeps): Promise<void> {
  const run = createRunner(deps);
  while ((await run(new AbortController().signal)) === 'worked');
}

/** The entries that jobs in the outbox come from, one item a job. */
export async function retriedInOutbox(system: TestSystem): Promise<string[]> {
  const { rows } = await sql<{ retry_of: string }>`
    SELECT job_options #>> '{fmhl,retry_of}' AS retry_of FROM outbox ORDER BY id`.execute(system.db);
  return rows.map((row) => row.retry_of);
}
