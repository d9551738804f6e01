import type { ProcessesResponse } from '../../../contract/processes.ts';
import type { Db } from '../../platform/postgres/db.ts';
import { listProcesses } from './process-store.ts';

/** The processes of the fleet as the API shows them: those in trouble first. */
export async function readProcesses(db: Db): Promise<ProcessesResponse['processes']> {
  const rows = await listProcesses(db);
  return rows.map(({ queues, started_at, seen_at, ...process }) => ({
    ...process,
    started_at: started_at.toISOString(),
    seen_at: seen_at.toISOString(),
    queues: Object.entries(queues).map(([name, concurrency]) => ({ name, concurrency })),
  }));
}
