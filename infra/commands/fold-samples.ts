/**
 * Sequences of events and single commands for exercising a fold, generated deterministically from the contracts alone:
 * sample values of each event version, and random sequences that mix all of them over few ids and chosen numbers, so that
 * differences in sums, repeats and sequence show.
 */
import * as E from 'fp-ts/Either';
import type { Aggregate } from '../../domain/kernel/aggregate';
import type { JsonSchema } from '../../domain/kernel/codec';
import type { Command } from '../../domain/kernel/command-definition';
import type { DomainEvent } from '../../domain/kernel/event-definition';
import { upcast, versionsOf } from '../../domain/kernel/event-versions';
import { jsonSchemaOf } from '../../domain/kernel/json-schema';
import { propertiesOf, refusedPath, requiredOf } from '../schemas/schema-check';
import { sampleValues, valuesOf } from '../schemas/schema-values';

const RANDOM_SEQUENCES = 24;
const EVENTS_PER_SEQUENCE = 32;
const SAMPLES_PER_VERSION = 32;
const SAMPLES_PER_COMMAND = 4;

/** Many small numbers, so that they repeat and add up, and a few large ones. */
const NUMBERS = [0, 1, 2, 3, 5, 7, 12, 100, 999, 1_000, 12_345, 1_000_000];
const INSTANTS = ['2016-02-29T00:00:00Z', '2017-07-09T21:57:05Z', '2017-07-09T21:57:05.5Z', '2018-12-31T23:59:59Z'];
const SAMPLE_TEXTS = 4;

/** A sample as it would be stored, and as the current contracts read it. */
interface Sample {
  readonly type: string;
  readonly schemaVersion: number;
  readonly stored: unknown;
  readonly event: DomainEvent;
}

export interface FoldSamples {
  /** Sequences of events, each to be folded from the empty state. */
  readonly sequences: ReadonlyArray<ReadonlyArray<DomainEvent>>;
  readonly commands: ReadonlyArray<Command>;
  /** The samples before any code of the aggregate has converted them. */
  readonly inputs: string;
}

/** Makes the samples of an aggregate. */
export const foldSamples = (aggregate: Aggregate): FoldSamples => {
  const choose = numbersFrom(20_240_501);
  const plain = everyVersion(aggregate, sampleValuesOrNone);
  const varied = everyVersion(aggregate, (schema) => {
    const make = valueMaker(schema, choose);
    return Array.from({ length: SAMPLES_PER_VERSION }, make);
  });
  const all = [...plain, ...varied];
  const byVersion = groupsOf(all);
  const mixed = Array.from({ length: byVersion.length === 0 ? 0 : RANDOM_SEQUENCES }, () =>
    Array.from({ length: EVENTS_PER_SEQUENCE }, () => {
      const group = byVersion[choose(byVersion.length)] ?? [];
      return group[choose(group.length)];
    }).flatMap((sample) => (sample === undefined ? [] : [sample])),
  );
  const commands = [...aggregate.commands.values()].flatMap(({ type, codec, example }) => {
    const make = valueMaker(jsonSchemaOf(codec, { additionalProperties: false }), choose);
    const data = [example, ...Array.from({ length: SAMPLES_PER_COMMAND }, make)].filter((each) => codec.is(each));
    return data.map((each): Command => ({ type, id: 'a', data: each }));
  });
  return {
    sequences: [plain, [...plain].reverse(), ...mixed].map((samples) => samples.map(({ event }) => event)),
    commands,
    inputs: JSON.stringify([all.map(({ type, schemaVersion, stored }) => [type, schemaVersion, stored]), commands]),
  };
};

/** None where no value of a field is known: the contract check reports that, and a start must not fail for it. */
const sampleValuesOrNone = (schema: JsonSchema): ReadonlyArray<unknown> => {
  try {
    return sampleValues(schema);
  } catch {
    return [];
  }
};

const everyVersion = (
  { events }: Aggregate,
  valuesFor: (schema: JsonSchema) => ReadonlyArray<unknown>,
): ReadonlyArray<Sample> =>
  [...events.values()].flatMap((definition) =>
    versionsOf(definition).flatMap(({ schemaVersion, codec }) =>
      valuesFor(jsonSchemaOf(codec, { additionalProperties: true })).flatMap((stored) => {
        const data = upcast(definition, schemaVersion, stored);
        if (E.isLeft(data)) return [];
        return [{ type: definition.type, schemaVersion, stored, event: { type: definition.type, data: data.right } }];
      }),
    ),
  );

const groupsOf = (samples: ReadonlyArray<Sample>): ReadonlyArray<ReadonlyArray<Sample>> => {
  const groups = new Map<string, Sample[]>();
  for (const sample of samples) {
    const key = `${sample.type} ${sample.schemaVersion}`;
    groups.set(key, [...(groups.get(key) ?? []), sample]);
  }
  return [...groups.values()];
};

/**
 * Returns a function that generates values of a schema; the schema is analysed once.
 * @param choose returns an integer below a bound
 */
export const valueMaker = (schema: JsonSchema, choose: (below: number) => number): (() => unknown) => {
  const { type } = schema;
  if (type === 'object') {
    const required = new Set(requiredOf(schema));
    const makers = Object.entries(propertiesOf(schema)).map(
      ([name, property]) => [name, required.has(name), valueMaker(property, choose)] as const,
    );
    return () =>
      Object.fromEntries(
        makers.flatMap(([name, isRequired, make]) => (isRequired || choose(3) > 0 ? [[name, make()]] : [])),
      );
  }
  if (type === 'array') {
    const make = valueMaker(schema['items'] as JsonSchema, choose);
    return () => Array.from({ length: choose(4) }, make);
  }
  const enumValues = Array.isArray(schema['enum']) ? (schema['enum'] as ReadonlyArray<unknown>) : undefined;
  // Few ids, so that they repeat.
  const texts = schema['format'] === 'date-time' ? INSTANTS : valuesOf(schema).slice(0, SAMPLE_TEXTS);
  const candidates = enumValues ?? [...texts, ...NUMBERS].filter((each) => refusedPath(schema, each) === undefined);
  return () => candidates[choose(candidates.length)];
};

/** Seeded pseudo-random integers below a bound (mulberry32). */
const numbersFrom = (seed: number): ((below: number) => number) => {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    const first = Math.imul(state ^ (state >>> 15), state | 1);
    const second = first ^ (first + Math.imul(first ^ (first >>> 7), first | 61));
    return Math.floor((((second ^ (second >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
};
