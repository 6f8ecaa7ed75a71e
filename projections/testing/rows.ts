/** Rows of a projection in memory, made by the code that also makes the stored ones. */
import { InvalidDeclaration } from '../../domain/kernel/declarations';
import type { RecordedEvent } from '../../domain/kernel/recorded-event';
import { foldInto, inMemoryGeneration, rowFrom } from '../engine/tables/tables';
import { withFrozenEvents } from '../frozen-application';
import type { Projection, Row } from '../projection';
import { assertEqual, fail, shown } from './assertion';

/** The rows of one projection; its own code gets frozen inputs. */
export interface MemoryView {
  readonly projection: Projection;
  /** Applies an event that the projection handles. Throws where the projection throws or rejects it. */
  readonly apply: (event: RecordedEvent) => void;
  /** Every row of the view, in the order of its key. */
  readonly rows: () => ReadonlyArray<Row>;
}

/** An event that a projection rejects, or fails on: in an installation it is dead-lettered. */
export class EventNotApplied extends Error {
  override readonly name = 'EventNotApplied';
  constructor(
    projection: string,
    event: RecordedEvent,
    readonly failure: { readonly class: string; readonly reason: string; readonly stack?: string },
  ) {
    const what = failure.class === 'rejected' ? 'rejects' : 'fails on';
    super(`the projection ${projection} ${what} ${event.type} (${event.id}): ${failure.reason}`);
    // The place in the projection's own code, which is what its author looks for.
    if (failure.stack !== undefined) this.stack = `${this.name}: ${this.message}\n${failure.stack}`;
  }
}

/** An empty view. */
export const memoryView = (declared: Projection): MemoryView => {
  const projection = withFrozenEvents(declared);
  const generation = inMemoryGeneration(projection);
  const { columns, keyLength } = generation.view.shape;
  const handled = new Set(projection.handles.map(({ type }) => type));
  return {
    projection,
    apply: (event) => {
      if (!handled.has(event.type)) return;
      const handling = foldInto(generation);
      const result = handling.handle(event);
      if (typeof result === 'object') throw new EventNotApplied(projection.name, event, result);
      handling.finish();
    },
    rows: () =>
      generation.view
        .all()
        .toSorted((left, right) => compare(left.slice(0, keyLength), right.slice(0, keyLength)))
        .map((cells) => rowFrom(columns, cells)),
  };
};

type Key = ReadonlyArray<string | number | null>;

const compare = (left: Key, right: Key): number => {
  for (const [index, one] of left.entries()) {
    const other = right[index];
    if (one === other || one === null || other === null || other === undefined) continue;
    return one < other ? -1 : 1;
  }
  return 0;
};

/**
 * Asserts that these are the rows of a view, in any sequence. Each names its key, and the columns that matter: the others are
 * not compared. Throws AssertionError with the difference, and InvalidDeclaration for a column that the view does not have.
 */
export const assertRows = ({ projection, rows }: MemoryView, expected: ReadonlyArray<Row>): void => {
  const where = `the projection ${projection.name}`;
  const key = Object.keys(projection.view.key);
  const columns = [...key, ...Object.keys(projection.view.columns)];
  for (const row of expected) {
    const unknown = Object.keys(row).find((name) => !columns.includes(name));
    if (unknown !== undefined)
      throw new InvalidDeclaration(`${where} has no column '${unknown}'; it has ${columns.join(', ')}`);
    const missing = key.find((name) => row[name] === undefined);
    if (missing !== undefined)
      fail(`an expected row of ${where} needs its whole key, and lacks ${missing}: ${shown(row)}`);
  }
  const keyOf = (row: Row): string => JSON.stringify(key.map((name) => row[name]));
  const named = new Map(expected.map((row) => [keyOf(row), Object.keys(row)]));
  if (named.size < expected.length) fail(`${where}: two expected rows have the same key`);
  const actual = rows().map((row) => pick(row, named.get(keyOf(row)) ?? columns));
  const inOrder = (all: ReadonlyArray<Row>): ReadonlyArray<Row> =>
    all.toSorted((left, right) => (keyOf(left) < keyOf(right) ? -1 : 1));
  assertEqual(inOrder(actual), inOrder(expected), `${where} has other rows than expected:`);
};

const pick = (row: Row, names: ReadonlyArray<string>): Row =>
  Object.fromEntries(names.map((name) => [name, row[name]]));
