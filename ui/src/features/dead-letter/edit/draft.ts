/** An edit of a dead job, as it is written, and what the API is asked for because of it. */
import {
  type DeadLetterDetail,
  type RetryRequest,
  retryRequest,
} from '../../../../../contract/dead-letters.ts';
import type { FieldProblem } from '../../../../../contract/errors.ts';
import { textOf } from '../json.ts';

export interface Draft {
  /** The payload's JSON. */
  text: string;
  priority: number | null;
  delaySeconds: number | null;
  attempts: number | null;
}

/** What the queue said of a payload. */
export interface Refusal {
  text: string;
  /** `field` as the queue's schema has it: a dotted path into the payload, or `payload` for all of it. */
  problems: readonly FieldProblem[];
}

export function draftOf({ payload, job_options: options }: DeadLetterDetail): Draft {
  const scheduled = 'repeat' in options || 'repeatJobKey' in options;
  const delayMs = numberOf(options.delay);
  return {
    text: typeof payload === 'string' ? JSON.stringify(payload) : textOf(payload),
    priority: numberOf(options.priority),
    // Of an iteration of a schedule it led to that iteration, and a retry does not take it over.
    delaySeconds: delayMs === null || scheduled ? null : delayMs / 1_000,
    attempts: numberOf(options.attempts),
  };
}

const numberOf = (value: unknown): number | null => (typeof value === 'number' ? value : null);

export type Edit = Pick<NonNullable<RetryRequest>, 'payload' | 'options'>;

/**
 * What the draft changes; {} for nothing. A payload that nobody touched is left out: the new job then gets the dead
 * one's, digit by digit.
 */
export function editOf(before: Draft, draft: Draft): { edit: Edit } | { problems: FieldProblem[] } {
  const edit: Edit = {};
  if (draft.text !== before.text) {
    const parsed = parse(draft.text);
    if ('error' in parsed)
      return { problems: [{ field: 'payload', message: `is no JSON: ${parsed.error}` }] };
    const unchanged = parse(before.text);
    if (!('value' in unchanged) || JSON.stringify(unchanged.value) !== JSON.stringify(parsed.value))
      edit.payload = parsed.value;
  }
  if (draft.attempts === null && before.attempts !== null)
    return { problems: [{ field: 'attempts', message: 'must be a number: give one' }] };
  const options = {
    ...(draft.priority === before.priority ? {} : { priority: draft.priority }),
    ...(draft.delaySeconds === before.delaySeconds ? {} : { delay_ms: toMs(draft.delaySeconds) }),
    ...(draft.attempts === before.attempts || draft.attempts === null ? {} : { attempts: draft.attempts }),
  };
  if (Object.keys(options).length > 0) edit.options = options;
  const checked = retryRequest.safeParse(edit);
  if (checked.success) return { edit };
  return {
    problems: checked.error.issues.map(({ path, message }) => ({ field: path.join('.'), message })),
  };
}

const toMs = (seconds: number | null): number | null =>
  seconds === null ? null : Math.round(seconds * 1_000);

function parse(text: string): { value: unknown } | { error: string } {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    // Without the piece of the text that browsers quote: the editor marks the place.
    return {
      error: error instanceof SyntaxError ? error.message.replace(/, "[^]*$/, '') : 'it can not be read',
    };
  }
}

/** What the queue said and still holds: at the places that are as they were when it was said. */
export function standing({ text: then, problems }: Refusal, text: string): FieldProblem[] {
  const [before, now] = [parse(then), parse(text)];
  if ('error' in before || 'error' in now) return [...problems];
  return problems.filter(({ field }) => {
    const path = pathOf(field);
    return JSON.stringify(valueAt(before.value, path)) === JSON.stringify(valueAt(now.value, path));
  });
}

/** @param field `to`, `items.0.sku`; `payload` is all of it, and so is '' */
export function pathOf(field: string): string[] {
  return field === '' || field === 'payload' ? [] : field.split('.');
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (at, key) =>
      typeof at === 'object' && at !== null && Object.hasOwn(at, key)
        ? (at as Record<string, unknown>)[key]
        : undefined,
    value,
  );
}

/** Of an answer to a retry: `payload.to` is `to` of the payload. */
export function inPayload({ field, message }: FieldProblem): FieldProblem {
  return { field: field.replace(/^payload\./, ''), message };
}
