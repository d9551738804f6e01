/** A page of a queue's jobs, as lists show them: personal fields of payloads masked, and what quotes them. */
import type { QueueJob, QueueJobsQuery, QueueJobsResponse, QueueJobState } from '../../../contract/queues.ts';
import { paginationOf } from '../../../contract/query.ts';
import { optionsOf, type Engine } from '../../platform/engine/engine.ts';
import type { ListedJob } from '../../platform/engine/listing.ts';
import { badField } from '../../platform/http/errors.ts';
import { askEngine } from './ask-engine.ts';
import type { AnyQueueDefinition } from './definition.ts';
import { metaOf } from './job.ts';
import { MASKED, maskerOfQuotes, maskShown, maskText, type ShownPayload } from './masking.ts';

/** A page is at most 6.4 MB. */
const PAYLOAD_BYTES = 64 * 1024;
/** The engines walk along to the page: as far as dead letters can be paged. */
const DEEPEST = 100_000;
/** A page far behind takes longer than a look at the queue. */
const DEADLINE_MS = 3_000;

/**
 * @throws HttpError bad_request naming `page` when it is too deep, service_unavailable while the engine does not
 *   answer
 */
export async function listJobs(
  definition: AnyQueueDefinition,
  query: QueueJobsQuery,
  engine: Engine,
): Promise<QueueJobsResponse> {
  const { state, page, limit } = query;
  const offset = (page - 1) * limit;
  if (offset > DEEPEST) throw badField('page', `reaches only to job ${DEEPEST}`);
  const { jobs, total } = await askEngine(
    engine.listJobs(definition.name, { state, offset, limit, payloadBytes: PAYLOAD_BYTES }),
    DEADLINE_MS,
  );
  return {
    jobs: jobs.map((job) => toQueueJob(job, state, definition)),
    pagination: paginationOf({ page, limit }, total),
  };
}

function toQueueJob(job: ListedJob, state: QueueJobState, definition: AnyQueueDefinition): QueueJob {
  const shown = job.data === null ? null : shownOf(job.data);
  const paths = definition.personal;
  return {
    id: job.id,
    name: job.name,
    state,
    created_at: textOf(job.addedAtMs),
    runs_at: textOf(job.readyAtMs),
    started_at: textOf(job.startedAtMs),
    failed_at: state === 'failed' ? textOf(job.finishedAtMs) : null,
    attempts_made: job.attemptsMade,
    priority: job.priority,
    correlation_id: correlationOf(job),
    payload: shown === null ? null : maskShown(shown, paths),
    payload_omitted: shown === null,
    // What the message quotes is not known without the payload.
    error_message:
      shown === null ? textWithout(job.failedReason, paths) : maskerOfQuotes(shown, paths)(job.failedReason),
  };
}

function textWithout(message: string | null, paths: readonly string[]): string | null {
  return message === null || paths.length === 0 ? maskText(message) : MASKED;
}

/** Deeper values can't be written into an answer; nor can a text that is no JSON. */
function shownOf(json: string): ShownPayload {
  try {
    const value: unknown = JSON.parse(json);
    JSON.stringify(value);
    return { form: 'value', value };
  } catch {
    return { form: 'text', text: json };
  }
}

function correlationOf(job: ListedJob): string | null {
  try {
    return metaOf({ opts: optionsOf(job) }).correlation_id;
  } catch {
    return null;
  }
}

function textOf(ms: number | null): string | null {
  const moment = new Date(ms ?? NaN);
  return Number.isNaN(moment.getTime()) ? null : moment.toISOString();
}
