/** The SQL of processes: each keeps a row of its own fresh. Ages are by the database's clock. */
import { sql } from 'kysely';
import type { ProcessRole } from '../../../contract/log.ts';
import type { ProcessState } from '../../../contract/processes.ts';
import type { Db } from '../../platform/postgres/db.ts';

export interface ProcessIdentity {
  /** Of this run of the process. */
  id: string;
  role: ProcessRole;
  host: string;
  pid: number;
  version: string;
  startedAt: Date;
}

export interface Heartbeat extends ProcessIdentity {
  /** The queues that it serves, and how many jobs of each it runs at once. */
  queues: Readonly<Record<string, number>>;
  ready: boolean;
  reasons: readonly string[];
}

export interface ProcessRow {
  id: string;
  role: ProcessRole;
  host: string;
  pid: number;
  version: string;
  queues: Record<string, number>;
  started_at: Date;
  seen_at: Date;
  state: ProcessState;
  reasons: string[];
}

/** A process that says nothing for this long is lost: three times what it takes to say it. */
const LOST = sql`interval '30 seconds'`;
const FORGOTTEN = sql`interval '15 minutes'`;
/** More are not listed. */
const MOST = 500;

export async function writeHeartbeat(db: Db, beat: Heartbeat): Promise<void> {
  const { id, role, host, pid, version, startedAt, queues, ready, reasons } = beat;
  await sql`
    INSERT INTO processes (id, role, host, pid, version, queues, started_at, ready, reasons)
    VALUES (${id}, ${role}, ${host}, ${pid}, ${version}, ${JSON.stringify(queues)}, ${startedAt}, ${ready},
            ${reasons}::text[])
    ON CONFLICT (id) DO UPDATE
       SET queues = excluded.queues, seen_at = now(), ready = excluded.ready, reasons = excluded.reasons`.execute(
    db,
  );
}

export async function removeProcess(db: Db, id: string): Promise<void> {
  await sql`DELETE FROM processes WHERE id = ${id}`.execute(db);
}

/** Those in trouble first, then by role, host and process id. */
export async function listProcesses(db: Db): Promise<ProcessRow[]> {
  const { rows } = await sql<ProcessRow>`
    SELECT id, role, host, pid, version, queues, started_at, seen_at, reasons,
           CASE WHEN seen_at < now() - ${LOST} THEN 'lost' WHEN ready THEN 'ready' ELSE 'not_ready' END AS state
      FROM processes
     WHERE seen_at >= now() - ${FORGOTTEN}
     ORDER BY seen_at < now() - ${LOST} DESC, ready, role, host, pid, id
     LIMIT ${MOST}`.execute(db);
  return rows;
}

/** Takes away those that said nothing for 15 minutes. */
export async function forgetProcesses(db: Db): Promise<void> {
  await sql`DELETE FROM processes WHERE seen_at < now() - ${FORGOTTEN}`.execute(db);
}
