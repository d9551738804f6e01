/** A live chart of one or a few lines over time. Loaded on demand: uPlot is not needed to see what is broken. */
import 'uplot/dist/uPlot.min.css';
import { useComputedColorScheme } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import { clockTime, dayOf } from '../services/format.ts';

export interface Line {
  label: string;
  /** One for each moment; null where nothing is known. */
  values: readonly (number | null)[];
  /** A custom property of app.css: `--fmhl-blue`. */
  colour: string;
}

export interface ChartProps {
  /** Epoch seconds, oldest first. */
  times: readonly number[];
  lines: readonly Line[];
  /** Writes a value with its unit. */
  format: (value: number) => string;
}

const HEIGHT = 150;
const AXIS_WIDTH = 64;

/** The colours of the theme, as the canvas needs them. */
function resolver(element: HTMLElement): (property: string) => string {
  const probe = document.createElement('span');
  return (property) => {
    probe.style.color = `var(${property})`;
    element.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  };
}

const DAY_SECONDS = 86_400;

/** In the reader's zone; by days where marks stand a day apart. */
function timeMark(seconds: number, stepSeconds: number): string {
  return stepSeconds < DAY_SECONDS ? clockTime(seconds * 1000) : dayOf(seconds * 1000);
}

function optionsOf(
  { lines, format }: ChartProps,
  width: number,
  colour: (property: string) => string,
): uPlot.Options {
  const axis = {
    stroke: colour('--fmhl-quiet'),
    grid: { stroke: colour('--fmhl-line'), width: 1 },
    ticks: { show: false },
    font: '11px system-ui, sans-serif',
  };
  return {
    width,
    height: HEIGHT,
    // One crosshair for all charts of the page.
    cursor: { sync: { key: 'page' }, drag: { x: false, y: false } },
    legend: { show: true, live: true },
    scales: { y: { range: (_chart, _low, high) => [0, Math.max(high * 1.1, 1e-9)] } },
    axes: [
      { ...axis, values: (_chart, marks, _axis, _space, step) => marks.map((mark) => timeMark(mark, step)) },
      { ...axis, size: AXIS_WIDTH, values: (_chart, marks) => marks.map(format) },
    ],
    series: [
      {},
      ...lines.map(({ label, colour: property }) => ({
        label,
        stroke: colour(property),
        width: 1.5,
        points: { show: false },
        value: (_chart: uPlot, value: number | null) => (value === null ? '–' : format(value)),
      })),
    ],
  };
}

export default function Chart(props: ChartProps) {
  const { ref, width } = useElementSize();
  const host = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const scheme = useComputedColorScheme('light');
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
    chart.current?.setData(dataOf(props));
  }, [props]);
  const names = props.lines.map(({ label }) => label).join('\n');
  const measured = width > 0;
  useEffect(() => {
    const element = host.current;
    if (element === null || !measured) return;
    const made = new uPlot(
      optionsOf(latest.current, element.clientWidth, resolver(element)),
      dataOf(latest.current),
      element,
    );
    chart.current = made;
    return () => {
      made.destroy();
      chart.current = null;
    };
    // Anew for another theme, whose colours the canvas has to be given.
  }, [scheme, names, measured]);
  useEffect(() => {
    if (measured) chart.current?.setSize({ width, height: HEIGHT });
  }, [width, measured]);
  return (
    <div ref={ref} aria-hidden>
      <div ref={host} style={{ minHeight: HEIGHT + 28 }} />
    </div>
  );
}

function dataOf({ times, lines }: ChartProps): uPlot.AlignedData {
  return [[...times], ...lines.map(({ values }) => [...values])];
}
