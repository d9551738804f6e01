import { alertsResponse } from '../../../contract/alerts.ts';
import type { HttpServer } from '../../platform/http/types.ts';
import { readAlerts } from './alerts.ts';

/** `GET /api/v1/admin/alerts`. */
export function alertRoutes(app: HttpServer, { alertmanagerUrl }: { alertmanagerUrl: string | null }): void {
  app.get(
    '/api/v1/admin/alerts',
    {
      config: { access: 'monitoring.view' },
      schema: {
        tags: ['monitoring'],
        summary: 'What fires now, as Alertmanager says',
        response: { 200: alertsResponse },
      },
    },
    async () => readAlerts(alertmanagerUrl),
  );
}
