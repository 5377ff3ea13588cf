const LATENCY_BUCKETS_MS = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000];

export type Labels = Readonly<Record<string, string | number>>;

interface Histogram {
  readonly counts: number[];
  sum: number;
  count: number;
}

/** Counters, gauges and latencies in Prometheus' text format, version 0.0.4. */
export class Metrics {
  readonly #help = new Map<string, { readonly help: string; readonly type: string }>();
  readonly #counters = new Map<string, Map<string, number>>();
  readonly #gauges = new Map<string, () => readonly { readonly labels: Labels; readonly value: number }[]>();
  readonly #histograms = new Map<string, Map<string, Histogram>>();

  counter(name: string, help: string): (labels?: Labels, by?: number) => void {
    this.#help.set(name, { help, type: 'counter' });
    const values = new Map<string, number>();
    this.#counters.set(name, values);
    return (labels = {}, by = 1) => {
      const key = renderLabels(labels);
      values.set(key, (values.get(key) ?? 0) + by);
    };
  }

  /** Read when the metrics are asked for. */
  gauge(name: string, help: string, read: () => number | readonly { labels: Labels; value: number }[]): void {
    this.#help.set(name, { help, type: 'gauge' });
    this.#gauges.set(name, () => {
      const value = read();
      return typeof value === 'number' ? [{ labels: {}, value }] : value;
    });
  }

  /** Milliseconds in; the buckets are milliseconds too, as the name says. */
  latency(name: string, help: string): (ms: number, labels?: Labels) => void {
    this.#help.set(name, { help, type: 'histogram' });
    const series = new Map<string, Histogram>();
    this.#histograms.set(name, series);
    return (ms, labels = {}) => {
      const key = renderLabels(labels);
      let histogram = series.get(key);
      if (histogram === undefined) {
        histogram = { counts: LATENCY_BUCKETS_MS.map(() => 0), sum: 0, count: 0 };
        series.set(key, histogram);
      }
      const bucket = LATENCY_BUCKETS_MS.findIndex((edge) => ms <= edge);
      if (bucket >= 0) histogram.counts[bucket] = (histogram.counts[bucket] ?? 0) + 1;
      histogram.sum += ms;
      histogram.count += 1;
    };
  }

  render(): string {
    return [...this.#help].map(([name, { help, type }]) => this.#renderOne(name, help, type)).join('');
  }

  #renderOne(name: string, help: string, type: string): string {
    const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
    for (const [labels, value] of this.#counters.get(name) ?? [])
      lines.push(`${name}${braces(labels)} ${value}`);
    for (const { labels, value } of this.#gauges.get(name)?.() ?? [])
      lines.push(`${name}${braces(renderLabels(labels))} ${value}`);
    for (const [labels, histogram] of this.#histograms.get(name) ?? []) {
      let total = 0;
      LATENCY_BUCKETS_MS.forEach((edge, i) => {
        total += histogram.counts[i] ?? 0;
        lines.push(`${name}_bucket${braces(join(labels, `le="${edge}"`))} ${total}`);
      });
      lines.push(`${name}_bucket${braces(join(labels, 'le="+Inf"'))} ${histogram.count}`);
      lines.push(
        `${name}_sum${braces(labels)} ${histogram.sum}`,
        `${name}_count${braces(labels)} ${histogram.count}`,
      );
    }
    return `${lines.join('\n')}\n`;
  }
}

function renderLabels(labels: Labels): string {
  return Object.entries(labels)
    .map(
      ([name, value]) =>
        `${name}="${String(value).replace(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`))}"`,
    )
    .join(',');
}

const braces = (labels: string): string => (labels === '' ? '' : `{${labels}}`);
const join = (labels: string, more: string): string => (labels === '' ? more : `${labels},${more}`);
