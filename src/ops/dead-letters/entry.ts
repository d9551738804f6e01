/** Turns a dead job into a row that PostgreSQL takes, whatever BullMQ has accepted as a job. */
import { createHash } from 'node:crypto';
import type { CorrelationId, DeadLetterId } from '../../../contract/ids.ts';
import { omit } from '../../platform/collections.ts';
import { optionsOf, type StoredJob } from '../../platform/engine/engine.ts';
import { storable, storableJson } from '../../platform/postgres/text.ts';
import { metaOf } from '../queues/job.ts';
import { fingerprintOf, type Fingerprint } from './fingerprint.ts';

/** A row to be; times are milliseconds since the epoch, JSON columns are JSON text. */
export interface NewDeadLetter {
  queueName: string;
  /** The engine's id of the job, as the engine has it. */
  engineId: string;
  failedAtMs: number;
  jobId: string;
  /** The engine's id where `jobId` can't hold it. */
  engineJobId: string | null;
  jobName: string;
  payload: string | null;
  payloadText: string | null;
  jobOptions: string;
  errorMessage: string | null;
  stackTrace: string | null;
  attempts: number;
  correlationId: CorrelationId | null;
  retryOf: DeadLetterId | null;
  fingerprint: Fingerprint;
}

const MAX_JOB_ID = 100;
/** NUL and lone surrogates, which JSONB refuses, as JSON writes them; halves of whole pairs look the same. */
const NOT_FOR_JSONB = /\\u0000|\\ud[89a-f][0-9a-f]{2}/i;
/** A number that may be beyond what JSON.parse can hold; JSONB would write out all of its digits. */
const HUGE_NUMBER = /\de[-+]?\d{3,}\s*(?:[,\]}]|$)/i;

/**
 * @throws when the job has no id or no valid failure time: it is not a finished job. SyntaxError or TypeError
 *   when a text of it can't be read; their messages may quote it.
 */
export function toNewDeadLetter(queueName: string, job: StoredJob): NewDeadLetter {
  const { id, finishedOn } = job;
  if (id === '' || Number.isNaN(new Date(finishedOn).getTime())) {
    throw new Error('The engine has no id or no failure time for this job');
  }
  const opts = optionsOf(job);
  const meta = metaOf({ opts });
  JSON.parse(job.data);
  const payload = toJsonb(job.data);
  const shown = shownJobId(id);
  const jobName = storable(job.name);
  const errorMessage = job.failedReason === null ? null : storable(job.failedReason);
  const stackTrace = lastStack(job.stacktrace);
  return {
    queueName,
    engineId: id,
    failedAtMs: finishedOn,
    jobId: shown,
    engineJobId: shown === id ? null : storable(id),
    jobName,
    payload: payload.likeness,
    payloadText: payload.exact,
    jobOptions: toJsonb(JSON.stringify(omit(opts, ['fmhl']))).likeness,
    errorMessage,
    stackTrace,
    attempts: Math.min(job.attemptsMade, 2_147_483_647),
    correlationId: meta.correlation_id,
    retryOf: meta.retry_of,
    fingerprint: fingerprintOf({ queueName, jobName, errorMessage, stackTrace }),
  };
}

/** The same row without its JSONB payload, for one that is too deep or too large for JSONB. */
export function withTextPayload(entry: NewDeadLetter): NewDeadLetter {
  return { ...entry, payload: null, payloadText: entry.payloadText ?? entry.payload };
}

/** An id that fits the column and is still one of a kind: a long one keeps its start and gets its hash. */
function shownJobId(id: string): string {
  if (id.length <= MAX_JOB_ID && storable(id) === id) return id;
  const hash = createHash('sha256').update(id).digest('hex');
  return `${storable(id).slice(0, MAX_JOB_ID - hash.length - 1)}~${hash}`.toWellFormed();
}

function lastStack(stacktrace: string | null): string | null {
  try {
    const all: unknown = JSON.parse(stacktrace ?? '[]');
    const last: unknown = Array.isArray(all) ? all.at(-1) : undefined;
    return typeof last === 'string' ? storable(last) : null;
  } catch {
    return null;
  }
}

/** JSON that JSONB takes goes through as it is. */
function toJsonb(json: string): { likeness: string; exact: string | null } {
  if (!NOT_FOR_JSONB.test(json) && !HUGE_NUMBER.test(json)) return { likeness: json, exact: null };
  const value: unknown = JSON.parse(json);
  const text = JSON.stringify(value);
  if (!NOT_FOR_JSONB.test(text)) return { likeness: text, exact: null };
  return { likeness: JSON.stringify(storableJson(value)), exact: text };
}
