/**
 * Counters and histograms for hot paths, registered beside the gauges of prom-client. prom-client makes a text of
 * the labels at every call to look their series up: about 1 µs for a histogram (`npm run bench:overhead`). Here a
 * series is looked up once, and counting is an addition.
 */
export type Labels = Record<string, string>;

/** A sample as prom-client's registry prints it. */
interface Sample {
  metricName?: string;
  labels: Record<string, string | number>;
  value: number;
}

interface Description {
  name: string;
  help: string;
  labels: readonly string[];
}

abstract class Instrument<Series extends { labels: Labels }> {
  abstract readonly type: 'counter' | 'histogram';
  readonly name: string;
  readonly #described: Description;
  readonly #series = new Map<string, Series>();

  constructor(described: Description) {
    this.name = described.name;
    this.#described = described;
  }

  protected abstract start(labels: Labels): Series;
  protected abstract samplesOf(series: Series): Sample[];

  /** @throws when the labels are not those of the metric */
  protected series(labels: Labels): Series {
    const { name, labels: names } = this.#described;
    const given = Object.keys(labels);
    if (given.length !== names.length || !names.every((label) => label in labels)) {
      throw new Error(`${name} has the labels [${names.join(', ')}], not [${given.join(', ')}]`);
    }
    const key = JSON.stringify(names.map((label) => labels[label]));
    const series = this.#series.get(key) ?? this.start(labels);
    this.#series.set(key, series);
    return series;
  }

  /** As prom-client's registry asks its metrics. */
  get(): { name: string; help: string; type: string; values: Sample[] } {
    const { name, help } = this.#described;
    const values = [...this.#series.values()].flatMap((series) => this.samplesOf(series));
    return { name, help, type: this.type, values };
  }
}

interface Count {
  labels: Labels;
  value: number;
}

export class Counter extends Instrument<Count> {
  readonly type = 'counter';

  /** A series, which is exposed from now on. */
  labels(labels: Labels): { inc: (by?: number) => void } {
    const series = this.series(labels);
    return {
      inc: (by = 1) => {
        if (!(by >= 0 && by < Infinity)) throw new Error(`${this.name} can't be increased by ${by}`);
        series.value += by;
      },
    };
  }

  protected start(labels: Labels): Count {
    return { labels, value: 0 };
  }

  protected samplesOf(series: Count): Sample[] {
    return [series];
  }
}

/** Each bucket counts its own; they are summed up when they are read. */
interface Distribution {
  labels: Labels;
  counts: Float64Array;
  sum: number;
}

export class Histogram extends Instrument<Distribution> {
  readonly type = 'histogram';
  readonly #bounds: readonly number[];

  /** `bounds`: upper ends of the buckets, ascending; one without an end follows. */
  constructor(described: Description & { bounds: readonly number[] }) {
    super(described);
    this.#bounds = described.bounds;
  }

  /** A series, which is exposed from now on. */
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

  protected start(labels: Labels): Distribution {
    return { labels, counts: new Float64Array(this.#bounds.length + 1), sum: 0 };
  }

  protected samplesOf({ labels, counts, sum }: Distribution): Sample[] {
    let total = 0;
    const buckets = [...this.#bounds, '+Inf'].map((le, index) => {
      total += counts[index] ?? 0;
      return { metricName: `${this.name}_bucket`, labels: { le, ...labels }, value: total };
    });
    return [
      ...buckets,
      { metricName: `${this.name}_sum`, labels, value: sum },
      { metricName: `${this.name}_count`, labels, value: total },
    ];
  }
}
