/** The dashboards, as the files that Grafana loads. */
import { DEFAULT_URL, type Board } from './dashboard.ts';
import { business } from './boards/business.ts';
import { email } from './boards/email.ts';
import { latency } from './boards/latency.ts';
import { operations } from './boards/operations.ts';
import { queueHealth } from './boards/queue-health.ts';
import { runtimeAndHttp } from './boards/runtime.ts';

const BOARDS: readonly Board[] = [operations, queueHealth, business, latency, email, runtimeAndHttp];

/**
 * The text of every file in `dashboards/`, by file name.
 * @param url of the `api` role, for links to it
 */
export function dashboardFiles(url = DEFAULT_URL): Map<string, string> {
  return new Map(
    BOARDS.map((board) => {
      const dashboard = board(url);
      return [`${dashboard.uid ?? ''}.json`, `${JSON.stringify(dashboard, inTheOpen, 2)}\n`];
    }),
  );
}

/** The SDK hides links and annotations in a menu unless this is taken out. */
function inTheOpen(key: string, value: unknown): unknown {
  return key === 'placement' && value === 'inControlsMenu' ? undefined : value;
}
