/**
 * What a schema change means for readers and writers. It is not decided by a table of rules, but by searching for a value
 * that one side writes and the other rejects; the smallest one found is the example.
 */
import type { JsonSchema } from '../../domain/kernel/codec';
import { propertiesOf, refusedPath, requiredOf, shapeOf } from '../schemas/schema-check';
import { valuesOf } from '../schemas/schema-values';

/** A value that one side writes and the other rejects; `value` is undefined where no example is known. */
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
  /** A value of the old schema that the new one rejects: history cannot be read. */
  readonly oldRefusedByNew?: Break;
  /** A value of the new schema that the old one rejects: consumers that are not ready stop. */
  readonly newRefusedByOld?: Break;
}

/** Compares two schemas of one event. */
export const compareSchemas = (before: JsonSchema, after: JsonSchema): Comparison => {
  const changes = changesOf(shapeOf(before), shapeOf(after), '');
  if (changes.length === 0) return { compatibility: 'none', changes };
  const oldRefusedByNew = breakOf(before, after, changes);
  const newRefusedByOld = breakOf(after, before, changes);
  return {
    compatibility: compatibilityOf(oldRefusedByNew === undefined, newRefusedByOld === undefined),
    changes,
    ...(oldRefusedByNew === undefined ? {} : { oldRefusedByNew }),
    ...(newRefusedByOld === undefined ? {} : { newRefusedByOld }),
  };
};

/**
 * Compares two versions of one event that are connected by an upcast. New code reads old events through the upcast, so
 * what counts is whether consumers that know only the older version can read the newer one.
 */
export const compareVersions = (before: VersionShape, after: VersionShape): Comparison => {
  const { changes, newRefusedByOld } = compareSchemas(before.schema, after.schema);
  const rest = newRefusedByOld === undefined ? { changes } : { changes, newRefusedByOld };
  if (before.type === after.type)
    return { ...rest, compatibility: newRefusedByOld === undefined ? 'full' : 'backward' };
  const rename = {
    path: '/',
    what: `'${before.type}' is called '${after.type}': consumers that know only the older name can't read it`,
  };
  return { ...rest, compatibility: 'backward', changes: [rename, ...changes] };
};

/** The parts of a version that are compared. */
export interface VersionShape {
  readonly type: string;
  readonly schema: JsonSchema;
}

const compatibilityOf = (backward: boolean, forward: boolean): Compatibility => {
  if (backward && forward) return 'full';
  if (backward) return 'backward';
  return forward ? 'forward' : 'breaking';
};

// -------------------------------------------------------------------------------------
// Examples
// -------------------------------------------------------------------------------------

/** The smallest value of the writer that the reader rejects. */
const breakOf = (writer: JsonSchema, reader: JsonSchema, changes: Comparison['changes']): Break | undefined => {
  for (const value of valuesOf(writer, reader)) {
    const path = refusedPath(reader, value);
    if (path !== undefined) return { path, value: shrink(writer, reader, value) };
  }
  // The values tried here do not cover patterns, so a changed pattern counts as a break.
  const pattern = changes.find(({ what }) => what.startsWith('pattern'));
  return pattern === undefined ? undefined : { path: pattern.path, value: undefined };
};

/** Reduces a value to the smallest that is still rejected. */
const shrink = (writer: JsonSchema, reader: JsonSchema, value: unknown): unknown => {
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

/** The size that {@link shrink} minimises: fields, characters, and how far numbers are from 0. */
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

const shown = (value: unknown): string => (value === undefined ? 'not set' : JSON.stringify(value));
