/** The metrics of a process: counted where something happens, or read at the scrape from what the files say. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { errorTextOf } from '../error-text';
import type { Logger } from '../logger';
import {
  metricDeclarations,
  type LabelsOf,
  type MetricDeclaration,
  type MetricName,
  type NamesOfKind,
} from './declarations';

/** A value that is read at the scrape. */
export interface Sample {
  readonly name: NamesOfKind<'gauge' | 'total' | 'counter'>;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Makes a sample, with its labels checked. */
export const sample = <Name extends Sample['name']>(name: Name, labels: LabelsOf<Name>, value: number): Sample => ({
  name,
  labels,
  value,
});

/** Reads a source's samples. */
export type ReadSamples = () => ReadonlyArray<Sample> | Promise<ReadonlyArray<Sample>>;

export interface Metrics {
  /** Adds to a counter of this process. */
  readonly add: <Name extends NamesOfKind<'counter'>>(name: Name, labels: LabelsOf<Name>, amount?: number) => void;
  /** Adds a duration to a histogram. */
  readonly observe: <Name extends NamesOfKind<'histogram'>>(
    name: Name,
    labels: LabelsOf<Name>,
    durationSeconds: number,
  ) => void;
  /**
   * Reads these at every scrape. A counter that is read this way is this process's own: it starts at zero with the process.
   * A source that throws is left out of the scrape and counted, under its name.
   */
  readonly collect: (source: string, read: ReadSamples) => void;
  /** Everything, in Prometheus' text format. */
  readonly text: () => Promise<string>;
  readonly contentType: string;
}

/** Bounds of the histograms, from a command in memory to a batch that takes its time. */
const BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Starts at zero, with Node's own metrics (event-loop delay, heap, garbage collection, CPU, start time) beside the declared ones. */
export const openMetrics = (logger: Logger): Metrics => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const counters = new Map<string, Counter>();
  const gauges = new Map<string, Gauge>();
  const histograms = new Map<string, Histogram>();
  for (const [name, declaration] of Object.entries<MetricDeclaration>(metricDeclarations)) {
    const { kind, help, labels } = declaration;
    const configuration = { name, help, labelNames: [...labels], registers: [registry] };
    if (kind === 'gauge') gauges.set(name, new Gauge(configuration));
    else if (kind === 'histogram') histograms.set(name, new Histogram({ ...configuration, buckets: BUCKETS_SECONDS }));
    else counters.set(name, new Counter(configuration));
  }
  const sources: { readonly name: string; readonly read: ReadSamples }[] = [];

  const put = ({ name, labels, value }: Sample): void => {
    gauges.get(name)?.set(labels, value);
    counters.get(name)?.inc(labels, value);
  };

  /** Names that were read at the last scrape: what is not there any more must not be shown. */
  const read = new Set<MetricName>();
  const collectNow = async (): Promise<void> => {
    const found: Sample[] = [];
    for (const { name: source, read: samples } of sources) {
      try {
        found.push(...(await samples()));
      } catch (error) {
        counters.get('tidemark_scrape_failures_total')?.inc({ source });
        logger.warn({ source, reason: errorTextOf(error) }, 'a source of metrics could not be read');
      }
    }
    // In one go: scrapes may overlap.
    for (const name of read) (gauges.get(name) ?? counters.get(name))?.reset();
    read.clear();
    for (const each of found) {
      read.add(each.name);
      put(each);
    }
  };

  return {
    add: (name, labels, amount = 1) => counters.get(name)?.inc(labels, amount),
    observe: (name, labels, durationSeconds) => histograms.get(name)?.observe(labels, durationSeconds),
    collect: (name, samples) => void sources.push({ name, read: samples }),
    text: async () => {
      await collectNow();
      return registry.metrics();
    },
    contentType: registry.contentType,
  };
};
