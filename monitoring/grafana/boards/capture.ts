/** The panels of capture, which two dashboards show. */
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { graph } from '../panels.ts';
import { highestBy } from '../promql.ts';

export const capturePanels = (): Builder<Panel>[] => [
  graph({
    title: 'Capture lag',
    description: 'Age of the oldest dead job that is not a dead letter yet, at the last sweep.',
    unit: 's',
    thresholds: [[60, 'red']],
    alerts: ['DeadLetterCaptureLagging'],
    queries: highestBy('queue', 'fmhl_dlq_capture_lag_seconds'),
  }),
  graph({
    title: 'Set aside',
    description: 'Dead jobs that could not be stored and stay in the engine. The log says why.',
    unit: 'short',
    alerts: ['DeadLettersSetAside'],
    queries: highestBy('queue', 'fmhl_dlq_set_aside'),
  }),
];
