import type { HttpServer } from '../../platform/http/types.ts';
import { detailRoutes } from './detail-routes.ts';
import { exportRoutes } from './export-routes.ts';
import { groupRoutes } from './group-routes.ts';
import { listRoutes } from './list-routes.ts';
import { neighbourRoutes } from './neighbour-routes.ts';
import { operationRoutes } from './operations/routes.ts';
import { resolveRoutes } from './resolve-routes.ts';
import type { DeadLetterDeps } from './types.ts';

/** The dead-letter API, for admins with MFA: Epic 12's five endpoints and what goes beyond them. */
export function deadLetterRoutes(app: HttpServer, deps: DeadLetterDeps): void {
  listRoutes(app, deps);
  detailRoutes(app, deps);
  neighbourRoutes(app, deps);
  exportRoutes(app, deps);
  groupRoutes(app, deps);
  resolveRoutes(app, deps);
  operationRoutes(app, deps);
}
