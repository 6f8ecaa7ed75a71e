/**
 * What a change of a schema means for those who read and write it. Not by a table of rules: by looking for a value that
 * one side writes and the other refuses, and showing the smallest.
 */
import type { JsonSchema } from '../../domain/kernel/codec';
import { propertiesOf, refusedPath, requiredOf, shapeOf } from '../schemas/schema-check';
import { valuesOf } from '../schemas/schema-values';

/** A value that one side writes and the other refuses; `value` is undefined where it is certain only that they differ. */
export interface Break {
  readonly path: string;
  readonly value: unknown;
}

/** `none`: the shapes are the same. */
export type Compatibility = 'none' | 'full' | 'backward' | 'forward' | 'breaking';

export interface Comparison {
  readonly compatibility: Compatibility;
  /** Every path at which the shapes differ, as a JSON pointer; `*` stands for every element of a list. */
  readonly changes: ReadonlyArray<{ readonly path: string; readonly what: string }>;
  /** What was written before, and the new schema refuses: history can't be read. */
  readonly oldRefusedByNew?: Break;
  /** What is written now, and the old schema refuses: consumers that are not ready stop. */
  readonly newRefusedByOld?: Break;
}

/** Compares two schemas of one event. */
export const compareSchemas = (before: JsonSchema, after: JsonSchema): Comparison => {
  const changes = changesOf(shapeOf(before), shapeOf(after), '');
  if (changes.length === 0) return { compatibility: 'none', changes };
  const oldRefusedByNew = breakOf(before, after, changes);
  const newRefusedByOld = breakOf(after, before, changes);
  return {
    compatibility: named(oldRefusedByNew === undefined, newRefusedByOld === undefined),
    changes,
    ...(oldRefusedByNew === undefined ? {} : { oldRefusedByNew }),
    ...(newRefusedByOld === undefined ? {} : { newRefusedByOld }),
  };
};

/**
 * The same for two versions of one event that a step joins: new code reads what was written through it, so what counts is
 * whether consumers that know the older one alone can read the newer.
 */
export const compareVersions = (before: VersionShape, after: VersionShape): Comparison => {
  const { changes, newRefusedByOld } = compareSchemas(before.schema, after.schema);
  const rest = newRefusedByOld === undefined ? { changes } : { changes, newRefusedByOld };
  if (before.type === after.type)
    return { ...rest, compatibility: newRefusedByOld === undefined ? 'full' : 'backward' };
  const rename = {
    path: '/',
    what: `'${before.type}' is called '${after.type}': who knows the older name alone can't read it`,
  };
  return { ...rest, compatibility: 'backward', changes: [rename, ...changes] };
};

/** What there is to compare of a version. */
export interface VersionShape {
  readonly type: string;
  readonly schema: JsonSchema;
}

const named = (backward: boolean, forward: boolean): Compatibility => {
  if (backward && forward) return 'full';
  if (backward) return 'backward';
  return forward ? 'forward' : 'breaking';
};

// -------------------------------------------------------------------------------------
// Examples
// -------------------------------------------------------------------------------------

/** The smallest value of the writer that the reader refuses. */
const breakOf = (writer: JsonSchema, reader: JsonSchema, changes: Comparison['changes']): Break | undefined => {
  for (const value of valuesOf(writer, reader)) {
    const path = refusedPath(reader, value);
    if (path !== undefined) return { path, value: shrunk(writer, reader, value) };
  }
  // A pattern is beyond the values tried here: what can't be shown to be safe is not.
  const pattern = changes.find(({ what }) => what.startsWith('pattern'));
  return pattern === undefined ? undefined : { path: pattern.path, value: undefined };
};

/** Brings numbers and long texts to the smallest that are still refused. */
const shrunk = (writer: JsonSchema, reader: JsonSchema, value: unknown): unknown => {
  const isBreak = (candidate: unknown): boolean =>
    refusedPath(writer, candidate) === undefined && refusedPath(reader, candidate) !== undefined;
  let smallest = value;
  for (;;) {
    const size = sizeOf(smallest);
    const smaller = reductions(smallest).find((candidate) => sizeOf(candidate) < size && isBreak(candidate));
    if (smaller === undefined) return smallest;
    smallest = smaller;
  }
};

/** What counts is how much a reader has to take in: fields, characters, and how far numbers are from 0. */
const sizeOf = (value: unknown): number => {
  if (typeof value === 'number') return Math.abs(value);
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce((sum: number, each) => sum + 1 + sizeOf(each), 0);
};

const reductions = (value: unknown): ReadonlyArray<unknown> => {
  if (typeof value === 'number') return [0, Math.trunc(value / 2), value - Math.sign(value)];
  if (typeof value === 'string') return [value.slice(0, Math.trunc(value.length / 2)), value.slice(0, -1)];
  if (Array.isArray(value)) {
    const items = value as ReadonlyArray<unknown>;
    return items.flatMap((item, index) => [
      items.filter((_, other) => other !== index),
      ...reductions(item).map((smaller) => items.with(index, smaller)),
    ]);
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => [
    Object.fromEntries(Object.entries(value).filter(([other]) => other !== name)),
    ...reductions(member).map((smaller) => ({ ...value, [name]: smaller })),
  ]);
};

// -------------------------------------------------------------------------------------
// Paths
// -------------------------------------------------------------------------------------

const changesOf = (before: JsonSchema, after: JsonSchema, path: string): Comparison['changes'] => {
  const here = path === '' ? '/' : path;
  if (before['type'] === 'object' && after['type'] === 'object') return fieldChanges(before, after, path);
  if (before['type'] === 'array' && after['type'] === 'array')
    return changesOf(before['items'] as JsonSchema, after['items'] as JsonSchema, `${path}/*`);
  const words = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return words
    .filter((word) => JSON.stringify(before[word]) !== JSON.stringify(after[word]))
    .map((word) => ({ path: here, what: `${word} was ${shown(before[word])}, is ${shown(after[word])}` }));
};

const fieldChanges = (before: JsonSchema, after: JsonSchema, path: string): Comparison['changes'] => {
  const [old, present] = [propertiesOf(before), propertiesOf(after)];
  return [...new Set([...Object.keys(old), ...Object.keys(present)])].flatMap((name) => {
    const [was, is] = [old[name], present[name]];
    const at = `${path}/${name}`;
    const isRequired = requiredOf(after).includes(name);
    if (was === undefined) return [{ path: at, what: isRequired ? 'was added' : 'was added, and may be left out' }];
    if (is === undefined) return [{ path: at, what: 'was taken away' }];
    const wasRequired = requiredOf(before).includes(name);
    const presence = { path: at, what: isRequired ? 'must be there now' : 'may be left out now' };
    return [...(wasRequired === isRequired ? [] : [presence]), ...changesOf(was, is, at)];
  });
};

const shown = (value: unknown): string => (value === undefined ? 'not said' : JSON.stringify(value));
