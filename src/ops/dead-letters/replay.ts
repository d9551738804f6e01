/** What the job of a retry takes over from the dead one, and what an edit changes of it. */
import jsonPatch from 'fast-json-patch';
import { z } from 'zod';
import { patchOperation, type RetryRequest } from '../../../contract/dead-letters.ts';
import { omit } from '../../platform/collections.ts';
import type { JobsOptions } from '../../platform/engine/engine.ts';
import type { AnyQueueDefinition } from '../queues/definition.ts';
import { standingOptions } from '../queues/job.ts';

export type RetryEdit = Pick<NonNullable<RetryRequest>, 'payload' | 'options'>;
type EditableOptions = NonNullable<RetryEdit['options']>;

/** What an edit makes of a dead job. */
export interface Edited {
  /** The new payload's JSON; null where it is not edited. */
  payloadText: string | null;
  options: EditableOptions | null;
  /** JSON Patch over `{ payload, options }`; of the options, as the API names them. */
  diff: z.infer<typeof patchOperation>[];
}

/**
 * What would keep the new job from being made, or place it in the past: the dead job's id, its creation
 * time, its deduplication key (a key still held swallows the job), its parent (long told of the failure).
 */
const NOT_REPLAYED = ['jobId', 'timestamp', 'deduplication', 'parent'] as const;
/** Of an iteration of a scheduler besides: its slot, and the delay until that slot. */
const NOT_REPLAYED_OF_SCHEDULER = ['repeat', 'repeatJobKey', 'prevMillis', 'delay'] as const;

/**
 * The new job's options: the dead one's, as far as they are its too, with an edit's changes. How long it stays
 * in the engine says its queue, whatever the dead one brought: while it stays, its id keeps it from running twice.
 */
export function replayedOptions(
  definition: AnyQueueDefinition,
  options: Record<string, unknown>,
  edit: EditableOptions | null = null,
): JobsOptions {
  const { removeOnComplete, removeOnFail } = standingOptions(definition);
  return { ...carriedOptions(options, edit), removeOnComplete, removeOnFail };
}

function carriedOptions(options: Record<string, unknown>, edit: EditableOptions | null): JobsOptions {
  const scheduled = 'repeat' in options || 'repeatJobKey' in options;
  const dropped = scheduled ? [...NOT_REPLAYED, ...NOT_REPLAYED_OF_SCHEDULER] : NOT_REPLAYED;
  const carried: JobsOptions = omit(options, dropped);
  return edit === null ? carried : withEdit(carried, edit);
}

/** Null takes an option away; one that is left out stays. */
function withEdit(
  options: JobsOptions,
  { priority, delay_ms: delay, attempts }: EditableOptions,
): JobsOptions {
  const taken = [...(priority === null ? ['priority'] : []), ...(delay === null ? ['delay'] : [])];
  return {
    ...omit(options, taken),
    ...(typeof priority === 'number' ? { priority } : {}),
    ...(typeof delay === 'number' ? { delay } : {}),
    ...(attempts === undefined ? {} : { attempts }),
  };
}

/**
 * Compares what a retry would carry with what the edited one carries. The comparison is linear in their size:
 * arrays are compared place by place. One that finds the shortest patch is quadratic in an array's length.
 * @returns null when nothing differs: then it is a plain retry
 */
export function editOf(
  dead: { payload: unknown; options: Record<string, unknown> },
  edit: RetryEdit,
): Edited | null {
  const payload = edit.payload === undefined ? dead.payload : edit.payload;
  const diff = jsonPatch.compare(
    { payload: dead.payload, options: shownOptions(carriedOptions(dead.options, null)) },
    { payload, options: shownOptions(carriedOptions(dead.options, edit.options ?? null)) },
  );
  if (diff.length === 0) return null;
  return {
    payloadText: edit.payload === undefined ? null : JSON.stringify(payload),
    options: edit.options ?? null,
    diff: z.array(patchOperation).parse(diff),
  };
}

function shownOptions({ priority, delay, attempts }: JobsOptions): object {
  return {
    ...(priority === undefined ? {} : { priority }),
    ...(delay === undefined ? {} : { delay_ms: delay }),
    ...(attempts === undefined ? {} : { attempts }),
  };
}
