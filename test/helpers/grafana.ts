/**
 * The dashboards as Grafana reads them: its JSON model, as its documentation and the schema it publishes
 * describe it, written down as far as ours use it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as units from '@grafana/grafana-foundation-sdk/units';
import { z } from 'zod';

export const DASHBOARDS = join(import.meta.dirname, '../../monitoring/grafana/dashboards');
const COLUMNS = 24;

const unit = z.enum(Object.values(units).filter((id) => typeof id === 'string'));
const text = z.string().min(1);
/** Chosen by the reader: no dashboard is tied to one Prometheus. */
const datasource = z.strictObject({ type: z.literal('prometheus'), uid: z.literal('${datasource}') });

const gridPos = z
  .strictObject({
    x: z.int().min(0),
    y: z.int().min(0),
    w: z.int().min(1),
    h: z.int().min(1),
  })
  .refine(({ x, w }) => x + w <= COLUMNS, 'it is wider than the grid');

const target = z.strictObject({
  refId: z.string().regex(/^[A-Z]$/),
  datasource,
  expr: text,
  legendFormat: text,
  format: z.enum(['time_series', 'table', 'heatmap']),
  range: z.boolean(),
  instant: z.boolean(),
});

const threshold = z.strictObject({ value: z.number().nullable(), color: text });
const link = z.object({ title: text, type: z.enum(['link', 'dashboards']), url: text.optional() });

const defaults = z.object({
  unit,
  noValue: text,
  decimals: z.int().min(0).optional(),
  min: z.number().optional(),
  max: z.number().optional(),
  thresholds: z.strictObject({
    mode: z.literal('absolute'),
    // The first is the base and has no value; the others ascend.
    steps: z.array(threshold).refine(([base, ...steps]) => {
      const values = steps.map(({ value }) => value ?? Number.NaN);
      return base?.value === null && values.every((value, i) => i === 0 || value > (values[i - 1] ?? 0));
    }, 'the steps of the thresholds do not ascend'),
  }),
  links: z.array(link).optional(),
});

const panel = z.object({
  id: z.int().min(1),
  type: z.enum(['timeseries', 'stat', 'gauge', 'heatmap', 'table']),
  title: text,
  description: text,
  datasource,
  gridPos,
  targets: z.array(target).min(1),
  links: z.array(link),
  fieldConfig: z.object({ defaults, overrides: z.array(z.unknown()) }),
  options: z.record(z.string(), z.unknown()),
});
const row = z.object({
  id: z.int().min(1),
  type: z.literal('row'),
  title: text,
  collapsed: z.literal(false),
  gridPos,
  panels: z.tuple([]),
});

const variable = z.object({
  name: z.string().regex(/^[a-z_]+$/),
  type: z.enum(['datasource', 'query', 'textbox']),
  label: text,
  query: text,
  current: z.object({ text: z.unknown(), value: z.unknown() }),
});

const annotation = z.object({
  name: text,
  enable: z.boolean(),
  iconColor: text,
  datasource,
  expr: text,
  titleFormat: text,
});

const dashboardModel = z.object({
  // Set by the database of whoever loads it.
  id: z.null(),
  uid: z.string().regex(/^[a-z0-9-]{8,40}$/),
  title: text,
  description: text,
  tags: z.array(text).min(1),
  // 39 brought what the panels use; what a Grafana does not know it migrates, or leaves alone.
  schemaVersion: z.int().min(39).max(42),
  version: z.int(),
  timezone: z.literal('browser'),
  refresh: text,
  time: z.strictObject({ from: text, to: text }),
  templating: z.strictObject({ list: z.array(variable) }),
  annotations: z.strictObject({ list: z.array(annotation) }),
  links: z.array(link),
  panels: z.array(z.discriminatedUnion('type', [row, panel])),
});
export type DashboardModel = z.infer<typeof dashboardModel>;

/** The committed files, parsed, by file name. */
export function readDashboards(): Map<string, DashboardModel> {
  const names = readdirSync(DASHBOARDS).filter((name) => name.endsWith('.json'));
  return new Map(
    names.map((name) => {
      const { success, data, error } = dashboardModel.safeParse(
        JSON.parse(readFileSync(join(DASHBOARDS, name), 'utf8')),
      );
      if (!success) throw new Error(`${name}: ${z.prettifyError(error)}`);
      return [name, data];
    }),
  );
}

export interface PanelQuery {
  /** Dashboard, panel and query, for messages. */
  where: string;
  /** With variables in it. */
  expr: string;
}

export function panelQueries({ title, panels }: DashboardModel): PanelQuery[] {
  return panels.flatMap((each) =>
    each.type === 'row'
      ? []
      : each.targets.map(({ refId, expr }) => ({ where: `${title}: ${each.title} ${refId}`, expr })),
  );
}

/** The names of the variables in a text, Grafana's own (`__…`) among them. */
export function variablesIn(text: string): string[] {
  return [...text.matchAll(/\$\{?(\w+)/g)].map(([, name]) => name ?? '');
}

/** The expression as Grafana would send it. */
export function interpolated(expr: string, values: Readonly<Record<string, string>>): string {
  return expr.replace(/\$\{?(\w+)\}?/g, (whole, name: string) => values[name] ?? whole);
}
