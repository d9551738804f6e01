import { Redis } from 'ioredis';
import { sql } from 'kysely';
import { captureQueue, type CaptureDeps } from '../../src/ops/dead-letters/capture.ts';
import { createSetAside } from '../../src/ops/dead-letters/set-aside.ts';
import { testRedisUrl } from './redis.ts';
import { testQueue, type TestSystem } from './system.ts';

/** Nothing is set aside as yet. */
export function captureDeps(system: TestSystem): CaptureDeps {
  return { ...system, setAside: createSetAside(system) };
}

/** One sweep of the test queue. @returns how many entries are new */
export async function capture(system: TestSystem, deps = captureDeps(system)): Promise<number> {
  return (await captureQueue(testQueue.name, deps, new AbortController().signal)).captured;
}

/** What a foreign producer may write: replaces a field of a job of the test queue, past BullMQ. */
export async function rewriteJob(jobId: string, field: string, text: string): Promise<void> {
  const redis = new Redis(await testRedisUrl());
  try {
    const [key = ''] = await redis.keys(`*:${testQueue.name}:${jobId}`);
    await redis.hset(key, field, text);
  } finally {
    redis.disconnect();
  }
}

export interface DeadLetterRow {
  id: string;
  job_id: string;
  job_name: string;
  engine_job_id: string | null;
  payload: unknown;
  payload_text: string | null;
  error_message: string | null;
  stack_trace: string | null;
  attempts: number;
  correlation_id: string | null;
  job_options: Record<string, unknown>;
}

/** All entries, the oldest death first. */
export async function deadLetterRows({ db }: TestSystem): Promise<DeadLetterRow[]> {
  const { rows } = await sql<DeadLetterRow>`SELECT * FROM dead_letter_queue ORDER BY failed_at, id`.execute(
    db,
  );
  return rows;
}
