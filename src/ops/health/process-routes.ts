import { processesResponse } from '../../../contract/processes.ts';
import type { HttpServer } from '../../platform/http/types.ts';
import type { Db } from '../../platform/postgres/db.ts';
import { readProcesses } from './processes.ts';

/** `GET /api/v1/admin/processes`: the fleet. */
export function processRoutes(app: HttpServer, { db }: { db: Db }): void {
  app.get(
    '/api/v1/admin/processes',
    {
      config: { access: 'monitoring.view' },
      schema: {
        tags: ['health'],
        summary: 'The processes of the fleet, and whether each is ready',
        response: { 200: processesResponse },
      },
    },
    async () => ({ processes: await readProcesses(db) }),
  );
}
