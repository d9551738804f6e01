import assert from 'node:assert/strict';
import { sql } from 'kysely';
import type { UserId } from '../../contract/ids.ts';
import type { UserRole } from '../../contract/access.ts';
import { exportAccepted, exportSummary, type ExportSummary } from '../../contract/reports.ts';
import { createExportProcessor } from '../../src/marketplace/reports/generate.ts';
import { reportExport } from '../../src/marketplace/reports/queue.ts';
import { reportRoutes } from '../../src/marketplace/reports/routes.ts';
import { installAccess } from '../../src/ops/access/guard.ts';
import { relayBatch } from '../../src/ops/outbox/relay.ts';
import { createHttpServer } from '../../src/platform/http/server.ts';
import { makeUser, sessionFor } from './access.ts';
import { fakeClock, type FakeClock } from './access-server.ts';
import { eventually } from './eventually.ts';
import { createTestSystem, type TestSystem } from './system.ts';

export const EXPORTS = '/api/v1/reports/exports';

export interface User {
  id: UserId;
  role: UserRole;
}

export interface Answer {
  status: number;
  text: string;
  headers: Record<string, unknown>;
}

export interface Reports {
  system: TestSystem;
  clock: FakeClock;
  admin: User;
  /** Calls as that user, with a session made for the call; null calls as nobody. */
  call: (user: User | null, method: 'GET' | 'HEAD' | 'POST', url: string, body?: unknown) => Promise<Answer>;
  /** Asks for an export that must be accepted; returns its id. */
  ask: (user: User, body: object) => Promise<string>;
  statusOf: (user: User, id: string) => Promise<ExportSummary>;
  /** Hands the jobs to the engine, and waits until the export is no longer being made. */
  finished: (user: User, id: string) => Promise<ExportSummary>;
  download: (user: User, id: string) => Promise<Answer>;
  /** Asks for an export, has it made, and returns the lines of its file. */
  exported: (user: User, body: object) => Promise<string[]>;
  clear: () => Promise<void>;
  close: () => Promise<void>;
}

/** The guarded server with the routes of exports, and a worker that makes them. */
export async function createReports(): Promise<Reports> {
  const system = await createTestSystem('redis', { queues: [reportExport.name] });
  const { db } = system;
  const clock = fakeClock();
  const app = await createHttpServer({ logger: system.logger, onRequest: () => undefined });
  await installAccess(app, { db, clock });
  reportRoutes(app, { db, clock, reportQueue: reportExport });
  await app.ready();
  system.work(reportExport, createExportProcessor({ db, clock }));
  const admin = await makeUser(db, 'admin', { clock });

  const call: Reports['call'] = async (user, method, url, body) => {
    const token = user === null ? null : await sessionFor(db, user, { clock });
    const answer = await app.inject({
      method,
      url,
      headers: token === null ? {} : { authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { payload: body as object }),
    });
    return { status: answer.statusCode, text: answer.body, headers: answer.headers };
  };
  const ask: Reports['ask'] = async (user, body) => {
    const { status, text } = await call(user, 'POST', EXPORTS, body);
    assert.equal(status, 202, text);
    return exportAccepted.parse(JSON.parse(text)).job_id;
  };
  const statusOf: Reports['statusOf'] = async (user, id) => {
    const { status, text } = await call(user, 'GET', `${EXPORTS}/${id}/status`);
    assert.equal(status, 200, text);
    return exportSummary.parse(JSON.parse(text));
  };
  const finished: Reports['finished'] = async (user, id) => {
    await relayBatch(system);
    return eventually(
      async () => {
        const summary = await statusOf(user, id);
        return summary.status !== 'queued' && summary.status !== 'running' && summary;
      },
      { what: 'the export is finished' },
    );
  };
  const download: Reports['download'] = (user, id) => call(user, 'GET', `${EXPORTS}/${id}/download`);
  return {
    ...{ system, clock, admin, call, ask, statusOf, finished, download },
    exported: async (user, body) => {
      const id = await ask(user, body);
      assert.equal((await finished(user, id)).status, 'completed');
      const { status, text } = await download(user, id);
      assert.equal(status, 200, text);
      const lines = text.split('\r\n');
      assert.equal(lines.pop(), '', 'every line ends with CRLF');
      return lines;
    },
    clear: async () => {
      await sql`TRUNCATE report_exports, outbox`.execute(db);
    },
    close: async () => {
      await app.close();
      await system.close();
    },
  };
}
