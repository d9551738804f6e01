/** The processes that serve queues, as these see them; who they are is known elsewhere. */
import type { z } from 'zod';
import type { liveProcess } from '../../../contract/processes.ts';
import { withDeadline } from '../../platform/lifecycle/deadline.ts';

export interface ServingProcess extends z.infer<typeof liveProcess> {
  queues: readonly { name: string; concurrency: number }[];
}

/** Reads the processes of the fleet. */
export type ReadFleet = () => Promise<readonly ServingProcess[]>;

const DEADLINE_MS = 1_000;

/** Null while nobody can say: a list of queues is worth reading without. */
export async function fleetOrNull(read: ReadFleet): Promise<readonly ServingProcess[] | null> {
  try {
    return await withDeadline('the list of processes', DEADLINE_MS, read());
  } catch {
    return null;
  }
}

/** The name that a worker gives the engine, which stays on the jobs that it runs. */
export function workerNameOf({ host, pid }: { host: string; pid: number }): string {
  return `${host}-${pid}`;
}
