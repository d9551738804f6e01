/**
 * The instruments of FMHL's own metrics, and their exposition. prom-client, which exposes the process's own
 * metrics beside them, makes a text of the labels at every call to find their series, and of every line at every
 * scrape: 1 µs for an observation, and 12 ms for the scrape of a hundred queues (`npm run bench:overhead`,
 * `bench:overview`). Here a series is looked up once, counting is an addition, and the texts are made once.
 */
import type { MetricSpec } from '../../../contract/metrics.ts';

export type Labels = Record<string, string>;

abstract class Instrument<Series> {
  readonly name: string;
  readonly #names: readonly string[];
  readonly #head: string;
  readonly #series = new Map<string, Series>();

  constructor(name: string, { type, help, labels }: MetricSpec) {
    this.name = name;
    this.#names = labels;
    this.#head = `# HELP ${name} ${help.replace(/[\\\n]/g, escaped)}\n# TYPE ${name} ${type}\n`;
  }

  protected abstract start(labels: string): Series;
  protected abstract textOf(series: Series): string;

  /**
   * The series with these labels, exposed from now on.
   * @throws when they are not the labels of the metric
   */
  protected series(labels: Labels): Series {
    const given = Object.keys(labels);
    if (given.length !== this.#names.length || !this.#names.every((label) => label in labels)) {
      throw new Error(`${this.name} has the labels [${this.#names.join(', ')}], not [${given.join(', ')}]`);
    }
    const key = this.#names.map((label) => `${label}="${escapedValue(labels[label] ?? '')}"`).join(',');
    let series = this.#series.get(key);
    if (series === undefined) {
      series = this.start(key);
      this.#series.set(key, series);
    }
    return series;
  }

  /** Exposes no series any more, until it is asked for again. */
  protected forget(): void {
    this.#series.clear();
  }

  /** In the Prometheus text format; the head alone when there is no series. */
  expose(): string {
    let text = this.#head;
    for (const series of this.#series.values()) text += this.textOf(series);
    return text;
  }
}

interface Value {
  line: string;
  value: number;
}

const braced = (labels: string): string => (labels === '' ? '' : `{${labels}}`);

export class Counter extends Instrument<Value> {
  labels(labels: Labels): { inc: (by?: number) => void } {
    const series = this.series(labels);
    return {
      inc: (by = 1) => {
        if (!(by >= 0 && by < Infinity)) throw new Error(`${this.name} can't be increased by ${by}`);
        series.value += by;
      },
    };
  }

  protected start(labels: string): Value {
    return { line: `${this.name}${braced(labels)} `, value: 0 };
  }

  protected textOf({ line, value }: Value): string {
    return `${line}${value}\n`;
  }
}

export class Gauge extends Instrument<Value> {
  labels(labels: Labels): { set: (value: number) => void } {
    this.series(labels);
    return {
      // Looked up anew: it may have been cleared since.
      set: (value) => {
        this.series(labels).value = value;
      },
    };
  }

  /** Takes all series out of the exposition, until they are set again. */
  clear(): void {
    this.forget();
  }

  protected start(labels: string): Value {
    return { line: `${this.name}${braced(labels)} `, value: 0 };
  }

  protected textOf({ line, value }: Value): string {
    return `${line}${numeral(value)}\n`;
  }
}

/** Each bucket counts its own; they are summed up when they are read. */
interface Distribution {
  lines: string[];
  counts: Float64Array;
  sum: number;
}

export class Histogram extends Instrument<Distribution> {
  /** Upper ends of the buckets, ascending; one without an end follows. */
  readonly #bounds: readonly number[];

  constructor(name: string, spec: MetricSpec) {
    super(name, spec);
    this.#bounds = spec.buckets ?? [];
  }

  labels(labels: Labels): { observe: (value: number) => void } {
    const series = this.series(labels);
    const { counts } = series;
    const bounds = this.#bounds;
    return {
      observe: (value) => {
        // What is no number would spoil the sum for good.
        if (!Number.isFinite(value)) throw new Error(`${this.name} can't observe ${value}`);
        let bucket = 0;
        while (bucket < bounds.length && value > (bounds[bucket] ?? Infinity)) bucket += 1;
        counts[bucket] = (counts[bucket] ?? 0) + 1;
        series.sum += value;
      },
    };
  }

  protected start(labels: string): Distribution {
    const after = labels === '' ? '' : `,${labels}`;
    const buckets = [...this.#bounds, '+Inf'].map((le) => `${this.name}_bucket{le="${le}"${after}} `);
    const lines = [...buckets, `${this.name}_sum${braced(labels)} `, `${this.name}_count${braced(labels)} `];
    return { lines, counts: new Float64Array(buckets.length), sum: 0 };
  }

  protected textOf({ lines, counts, sum }: Distribution): string {
    let text = '';
    let total = 0;
    for (let bucket = 0; bucket < counts.length; bucket += 1) {
      total += counts[bucket] ?? 0;
      text += `${lines[bucket]}${total}\n`;
    }
    return `${text}${lines[counts.length]}${sum}\n${lines[counts.length + 1]}${total}\n`;
  }
}

const escaped = (character: string): string => (character === '\n' ? '\\n' : `\\${character}`);
const escapedValue = (value: string): string => value.replace(/[\\\n"]/g, escaped);

function numeral(value: number): string {
  if (Number.isFinite(value) || Number.isNaN(value)) return String(value);
  return value > 0 ? '+Inf' : '-Inf';
}
