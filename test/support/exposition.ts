/** Reads Prometheus' text format, and holds it to its rules: every sample is declared, named and numbered as it should be. */

export interface ExposedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Exposition {
  /** Metric to its type. */
  readonly types: ReadonlyMap<string, string>;
  readonly samples: ReadonlyArray<ExposedSample>;
  /** The values of the samples of a name whose labels include these. */
  readonly values: (name: string, labels?: Readonly<Record<string, string>>) => ReadonlyArray<number>;
  /** Their sum. */
  readonly sum: (name: string, labels?: Readonly<Record<string, string>>) => number;
}

const SAMPLE = /^([a-z_:][a-z0-9_:]*)(?:\{(.*)\})? (\S+)$/i;
const LABEL = /([a-z_][a-z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)/giy;

/** Throws at the first line that is not of the format. */
export const parseExposition = (text: string): Exposition => {
  const types = new Map<string, string>();
  const samples: ExposedSample[] = [];
  const seen = new Set<string>();
  for (const line of text.split('\n')) {
    const [, name, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    if (name !== undefined && type !== undefined) types.set(name, type);
    if (line === '' || line.startsWith('#')) continue;
    const sample = sampleOf(line);
    const declared = types.has(sample.name) || types.has(sample.name.replace(/_(bucket|sum|count)$/, ''));
    if (!declared) throw new Error(`a sample without a type: ${line}`);
    const identity = line.slice(0, line.lastIndexOf(' '));
    if (seen.has(identity)) throw new Error(`a sample that is there twice: ${line}`);
    seen.add(identity);
    samples.push(sample);
  }
  const values = (name: string, labels: Readonly<Record<string, string>> = {}): ReadonlyArray<number> =>
    samples
      .filter(
        (each) => each.name === name && Object.entries(labels).every(([key, value]) => each.labels[key] === value),
      )
      .map(({ value }) => value);
  return { types, samples, values, sum: (name, labels) => values(name, labels).reduce((sum, each) => sum + each, 0) };
};

const sampleOf = (line: string): ExposedSample => {
  const [, name, list = '', number] = SAMPLE.exec(line) ?? [];
  if (name === undefined || number === undefined) throw new Error(`not a sample: ${line}`);
  const value = number === '+Inf' ? Infinity : Number(number);
  if (Number.isNaN(value) && !/^nan$/i.test(number)) throw new Error(`not a number: ${line}`);
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  for (let match = LABEL.exec(list); match !== null; match = LABEL.exec(list)) labels[match[1] ?? ''] = match[2] ?? '';
  return { name, labels, value };
};
