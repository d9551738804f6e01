import { randomUUID } from 'node:crypto';
import { writePause } from '../../../src/ops/queues/pause-store.ts';
import { anActor } from '../audit.ts';
import { testQueue } from '../system.ts';
import { moved, type Requests } from './request.ts';

const PATH = '/api/v1/admin/queues/:name';
const target = { type: 'queue', id: testQueue.name } as const;
const reason = 'the mail server is down';

export const QUEUE_REQUESTS: Requests = {
  [`POST ${PATH}/pause`]: () => ({
    params: [testQueue.name],
    body: { reason },
    entry: () => ({
      action: 'queue.pause',
      target,
      reason,
      changes: { paused: moved(false, true), resumes_at: moved(null, null) },
    }),
    again: 200,
  }),
  [`POST ${PATH}/resume`]: async (db) => {
    const { userId, role, ip, userAgent, correlationId } = anActor();
    const pause = await db.transaction().execute((tx) =>
      writePause(tx, {
        queue_name: testQueue.name,
        paused_by: userId,
        reason: `before ${randomUUID()}`,
        asked_from: { role, ip, userAgent },
        correlation_id: correlationId,
        resumeAfterSeconds: null,
      }),
    );
    return {
      params: [testQueue.name],
      body: { reason },
      entry: () => ({
        action: 'queue.resume',
        target,
        reason,
        changes: { paused: moved(true, false), paused_at: pause.paused_at.toISOString() },
      }),
      again: 200,
    };
  },
};
