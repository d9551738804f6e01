/**
 * The panels that the dashboards are made of. Whoever makes one says its unit, what it tells, and what stands
 * there when there is no data.
 */
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
  GraphDrawStyle,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  BigValueColorMode,
  BigValueGraphMode,
  SortOrder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  DashboardLinkBuilder,
  FieldColorBuilder,
  FieldColorModeId,
  MappingType,
  SpecialValueMatch,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type Panel,
  type ValueMapping,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as GaugePanel } from '@grafana/grafana-foundation-sdk/gauge';
import {
  CellValuesBuilder,
  HeatmapColorMode,
  HeatmapColorOptionsBuilder,
  PanelBuilder as HeatmapPanel,
  YAxisConfigBuilder,
} from '@grafana/grafana-foundation-sdk/heatmap';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatPanel } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TablePanel } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeseriesPanel } from '@grafana/grafana-foundation-sdk/timeseries';

/** The Prometheus that the reader has chosen. */
export const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };

/** Where the api role shows the runbook of an alert. */
export const runbook = (alert: string): string => `\${fmhl_url:raw}/runbooks/${alert}`;

/** Legend by query: what a series is called, and its PromQL. */
export type Queries = Record<string, string>;

export interface PanelSpec {
  title: string;
  /** What it tells, and what to think of it. */
  description: string;
  /** One of Grafana's unit ids. */
  unit: string;
  queries: Queries;
  /** Stands there when there is no data. */
  noValue?: string;
  /** From which value on it turns to which colour; green below. */
  thresholds?: [from: number, colour: 'yellow' | 'orange' | 'red' | 'green'][];
  decimals?: number;
  max?: number;
  /** The alerts that watch it: the panel links to their runbooks. */
  alerts?: string[];
}

type AnyPanel = TimeseriesPanel | StatPanel | GaugePanel | HeatmapPanel | TablePanel;

/** Lines over time. */
export function graph(spec: PanelSpec & { stacked?: boolean; bars?: boolean }): Builder<Panel> {
  const panel = described(new TimeseriesPanel(), spec)
    .height(8)
    .min(0)
    .lineWidth(1)
    .fillOpacity(spec.stacked === true || spec.bars === true ? 40 : 8)
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(LegendDisplayMode.Table)
        .placement(LegendPlacement.Bottom)
        .calcs(['lastNotNull', 'max']),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending));
  if (spec.bars === true) panel.drawStyle(GraphDrawStyle.Bars);
  if (spec.stacked === true) panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'));
  if (spec.thresholds !== undefined) {
    panel.thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed));
  }
  return panel.colorScheme(new FieldColorBuilder().mode(FieldColorModeId.PaletteClassicByName));
}

/** One number; with `sparkline: false` without its course. */
export function stat(spec: PanelSpec & { sparkline?: boolean; mappings?: ValueMapping[] }): Builder<Panel> {
  return described(new StatPanel(), spec, { instant: spec.sparkline === false })
    .height(4)
    .reduceOptions(lastValue())
    .colorMode(spec.thresholds === undefined ? BigValueColorMode.None : BigValueColorMode.Value)
    .graphMode(spec.sparkline === false ? BigValueGraphMode.None : BigValueGraphMode.Area)
    .mappings([notANumber(spec.noValue), ...(spec.mappings ?? [])]);
}

export function gauge(spec: PanelSpec & { max: number }): Builder<Panel> {
  return described(new GaugePanel(), spec)
    .height(8)
    .min(0)
    .reduceOptions(lastValue())
    .showThresholdMarkers(true)
    .mappings([notANumber(spec.noValue)]);
}

/** How a duration was spread, over time. The query is one of buckets by `le`. */
export function heatmap(spec: PanelSpec): Builder<Panel> {
  return described(new HeatmapPanel(), spec, { format: PromQueryFormat.Heatmap })
    .height(9)
    .color(new HeatmapColorOptionsBuilder().mode(HeatmapColorMode.Scheme).scheme('Oranges').steps(64))
    .yAxis(new YAxisConfigBuilder().unit(spec.unit))
    .cellValues(new CellValuesBuilder().unit('short'))
    .cellGap(1);
}

/** What is true right now, a line each. */
export function table(spec: PanelSpec & { link?: { title: string; url: string } }): Builder<Panel> {
  const panel = described(new TablePanel(), spec, { format: PromQueryFormat.Table, instant: true })
    .height(8)
    .filterable(true)
    .withTransformation({ id: 'organize', options: { excludeByName: { Time: true, Value: true } } });
  if (spec.link !== undefined) {
    panel.dataLinks([new DashboardLinkBuilder(spec.link.title).url(spec.link.url).targetBlank(true)]);
  }
  return panel;
}

interface QueryStyle {
  format?: PromQueryFormat;
  /** Only the present is asked for, not its course. */
  instant?: boolean;
}

function described<P extends AnyPanel>(
  panel: P,
  spec: PanelSpec,
  { format = PromQueryFormat.TimeSeries, instant = false }: QueryStyle = {},
): P {
  panel
    .title(spec.title)
    .description(spec.description)
    .datasource(DATASOURCE)
    .unit(spec.unit)
    .noValue(spec.noValue ?? 'no data')
    .thresholds(
      new ThresholdsConfigBuilder()
        .mode(ThresholdsMode.Absolute)
        .steps([
          { value: null, color: 'green' },
          ...(spec.thresholds ?? []).map(([value, color]) => ({ value, color })),
        ]),
    );
  panel.links(
    (spec.alerts ?? []).map((alert) =>
      new DashboardLinkBuilder(`Runbook: ${alert}`).url(runbook(alert)).targetBlank(true),
    ),
  );
  if (spec.decimals !== undefined) panel.decimals(spec.decimals);
  if (spec.max !== undefined) panel.max(spec.max);
  Object.entries(spec.queries).forEach(([legend, expr], index) => {
    const query = new DataqueryBuilder()
      .refId(String.fromCharCode('A'.charCodeAt(0) + index))
      .datasource(DATASOURCE)
      .expr(expr)
      .legendFormat(legend)
      .format(format);
    panel.withTarget(instant ? query.instant() : query.range());
  });
  return panel;
}

function lastValue(): ReduceDataOptionsBuilder {
  return new ReduceDataOptionsBuilder().calcs(['lastNotNull']).fields('').values(false);
}

/** A ratio or quantile of nothing is NaN, which says nothing to a reader. */
function notANumber(text = 'no data'): ValueMapping {
  return {
    type: MappingType.SpecialValue,
    options: { match: SpecialValueMatch.NullAndNan, result: { text, index: 0 } },
  };
}
