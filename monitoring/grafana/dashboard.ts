/** What every dashboard has: variables, links, annotations, and its panels in rows. */
/* eslint-disable @typescript-eslint/no-deprecated -- every Grafana since 8 loads this schema from files, v2 only the newest */
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  AnnotationQueryBuilder,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  TextBoxVariableBuilder,
  VariableRefresh,
  VariableSort,
  type Dashboard,
  type Panel,
  type RowPanel,
  type VariableModel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DATASOURCE } from './panels.ts';

/** A heading, and lines of panels below it that share the width equally. */
export interface Row {
  title: string;
  lines: Builder<Panel>[][];
}

export interface DashboardSpec {
  /** Part of its address, so never changed. */
  uid: string;
  title: string;
  description: string;
  tags: string[];
  variables?: Builder<VariableModel>[];
  rows: Row[];
}

/** Where the admin UI and the API answer, unless the reader says otherwise. */
export const DEFAULT_URL = 'http://localhost:3000';
const COLUMNS = 24;

/** Makes a dashboard; `url` is that of the `api` role, for links. */
export type Board = (url: string) => Dashboard;

export function board(spec: DashboardSpec): Board {
  return (url) => {
    const dashboard = new DashboardBuilder(spec.title)
      .uid(spec.uid)
      .description(spec.description)
      .tags(['fmhl', ...spec.tags])
      .time({ from: 'now-1h', to: 'now' })
      .refresh('30s')
      .tooltip(DashboardCursorSync.Crosshair)
      .version(1)
      .variables([datasource(), ...(spec.variables ?? []), fmhlUrl(url)])
      .annotations([deploys(), alerts()])
      .links(links())
      .build();
    return { ...dashboard, id: null, panels: laidOut(spec.rows) };
  };
}

/** The queue to look at. */
export function queueVariable(): Builder<VariableModel> {
  return new QueryVariableBuilder('queue')
    .label('Queue')
    .datasource(DATASOURCE)
    .query('label_values(fmhl_queue_depth, queue)')
    .definition('label_values(fmhl_queue_depth, queue)')
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .current({ selected: true, text: 'email_send', value: 'email_send' });
}

/** The processes to look at: all, or some. */
export function instanceVariable(): Builder<VariableModel> {
  return new QueryVariableBuilder('instance')
    .label('Instance')
    .datasource(DATASOURCE)
    .query('label_values(fmhl_build_info, instance)')
    .definition('label_values(fmhl_build_info, instance)')
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue('.*')
    .current({ selected: true, text: ['All'], value: ['$__all'] });
}

function datasource(): Builder<VariableModel> {
  return new DatasourceVariableBuilder('datasource')
    .label('Data source')
    .type('prometheus')
    .current({ selected: false, text: 'default', value: 'default' });
}

function fmhlUrl(url: string): Builder<VariableModel> {
  return new TextBoxVariableBuilder('fmhl_url')
    .label('FMHL')
    .description('Address of the api role, for links to it')
    .defaultValue(url)
    .current({ selected: false, text: url, value: url });
}

/** A version that did not run five minutes ago. */
function deploys(): AnnotationQueryBuilder {
  return annotation('Deploys', 'blue')
    .expr('count by (version) (fmhl_build_info) unless on (version) fmhl_build_info offset 5m')
    .titleFormat('Version {{version}} started')
    .tagKeys('version');
}

function alerts(): AnnotationQueryBuilder {
  return annotation('Alerts', 'red')
    .expr('count by (alertname, severity, queue) (ALERTS{alertstate="firing", severity=~"warning|critical"})')
    .titleFormat('{{alertname}} {{queue}}')
    .tagKeys('severity,queue');
}

function annotation(name: string, colour: string): AnnotationQueryBuilder {
  return new AnnotationQueryBuilder()
    .name(name)
    .datasource(DATASOURCE)
    .enable(true)
    .iconColor(colour)
    .step('60s');
}

function links(): DashboardLinkBuilder[] {
  return [
    new DashboardLinkBuilder('FMHL')
      .type(DashboardLinkType.Dashboards)
      .tags(['fmhl'])
      .asDropdown(true)
      .includeVars(true)
      .keepTime(true),
    new DashboardLinkBuilder('Admin UI')
      .type(DashboardLinkType.Link)
      .url('${fmhl_url:raw}/')
      .targetBlank(true),
    new DashboardLinkBuilder('Runbooks')
      .type(DashboardLinkType.Link)
      .url('${fmhl_url:raw}/runbooks')
      .targetBlank(true),
  ];
}

/** Gives the panels their places and ids. */
function laidOut(rows: Row[]): (Panel | RowPanel)[] {
  const all: (Panel | RowPanel)[] = [];
  let y = 0;
  for (const { title, lines } of rows) {
    const id = all.length + 1;
    all.push({ ...new RowBuilder(title).id(id).build(), gridPos: { x: 0, y, w: COLUMNS, h: 1 } });
    y += 1;
    for (const line of lines) {
      const w = Math.floor(COLUMNS / line.length);
      const panels = line.map((builder) => builder.build());
      const h = Math.max(...panels.map(({ gridPos }) => gridPos?.h ?? 0));
      panels.forEach((panel, index) =>
        all.push({ ...panel, id: all.length + 1, gridPos: { x: index * w, y, w, h } }),
      );
      y += h;
    }
  }
  return all;
}
