/**
 * Pausing a queue: workers take no more jobs of it, and finish those that run. The engine is told within the
 * transaction that writes down who did it and why, as the last step: what it refuses is not written down either.
 */
import type { QueuePause } from '../../../contract/queues.ts';
import type { Engine } from '../../platform/engine/engine.ts';
import type { Actor } from '../../platform/http/types.ts';
import type { Logger } from '../../platform/logging/logger.ts';
import type { Db, Tx } from '../../platform/postgres/db.ts';
import { changed, record } from '../audit/record.ts';
import { askEngine } from './ask-engine.ts';
import { lockPause, removePause, writePause, type PauseRow } from './pause-store.ts';

export interface PauseDeps {
  db: Db;
  engine: Engine;
  logger: Logger;
}

/** What a pause changes may take longer than what only looks. */
const DEADLINE_MS = 3_000;

export interface PauseOrder {
  queue: string;
  reason: string;
  /** Null: until somebody resumes it. */
  resumeAfterSeconds: number | null;
  actor: Actor;
}

/**
 * Pauses a queue; of one that is paused, gives the pause another reason and end. The same reason again, without an
 * end, changes nothing.
 * @throws HttpError service_unavailable while the engine does not answer
 */
export async function pauseQueue(order: PauseOrder, { db, engine, logger }: PauseDeps): Promise<PauseRow> {
  const { queue, reason, resumeAfterSeconds, actor } = order;
  return db.transaction().execute(async (tx) => {
    const before = await lockPause(tx, queue);
    const wasPaused = await isPaused(engine, queue);
    const isSame = before?.reason === reason && before.resumes_at === null && resumeAfterSeconds === null;
    if (wasPaused && isSame) return before;
    const { role, ip, userAgent } = actor;
    const after = await writePause(tx, {
      queue_name: queue,
      paused_by: actor.userId,
      reason,
      asked_from: { role, ip, userAgent },
      correlation_id: actor.correlationId,
      resumeAfterSeconds,
    });
    await record(tx, actor, {
      action: 'queue.pause',
      target: { type: 'queue', id: queue },
      reason,
      changes: {
        paused: changed(wasPaused, true),
        resumes_at: changed(textOf(before?.resumes_at), textOf(after.resumes_at)),
      },
    });
    await setPaused(engine, queue, true);
    logger.info('queue_paused', { queue, user_id: actor.userId, resumes_at: textOf(after.resumes_at) });
    return after;
  });
}

/**
 * Resumes a queue, however it was paused. Does nothing to one that is not paused.
 * @throws HttpError service_unavailable while the engine does not answer
 */
export async function resumeQueue(
  { queue, reason, actor }: Omit<PauseOrder, 'resumeAfterSeconds'>,
  { db, engine, logger }: PauseDeps,
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const before = await lockPause(tx, queue);
    const wasPaused = await isPaused(engine, queue);
    if (before === null && !wasPaused) return;
    await endPause(tx, { before, queue, reason, actor, byItself: false }, engine);
    logger.info('queue_resumed', { queue, user_id: actor.userId });
  });
}

interface EndOfPause {
  before: PauseRow | null;
  queue: string;
  reason: string;
  actor: Actor;
  /** Its time had come; the actor is who said so when pausing it. */
  byItself: boolean;
}

export async function endPause(
  tx: Tx,
  { before, queue, reason, actor, byItself }: EndOfPause,
  engine: Engine,
): Promise<void> {
  await removePause(tx, queue);
  await record(tx, actor, {
    action: 'queue.resume',
    target: { type: 'queue', id: queue },
    reason,
    changes: {
      paused: changed(true, false),
      paused_at: textOf(before?.paused_at),
      ...(byItself ? { by_itself: true } : {}),
    },
  });
  await setPaused(engine, queue, false);
}

export async function isPaused(engine: Engine, queue: string): Promise<boolean> {
  const [state] = await askEngine(engine.queueStates([queue]), DEADLINE_MS);
  return state?.paused ?? false;
}

export async function setPaused(engine: Engine, queue: string, paused: boolean): Promise<void> {
  const handle = engine.queue(queue);
  await askEngine(paused ? handle.pause() : handle.resume(), DEADLINE_MS);
}

/** @param row null for a pause that was not made here */
export function toPause(row: (PauseRow & { email: string | null }) | null): QueuePause {
  return {
    paused_by: row?.paused_by ?? null,
    paused_by_email: row?.email ?? null,
    paused_at: textOf(row?.paused_at),
    reason: row?.reason ?? null,
    resumes_at: textOf(row?.resumes_at),
  };
}

function textOf(moment: Date | null | undefined): string | null {
  return moment?.toISOString() ?? null;
}
