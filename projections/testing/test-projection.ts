/** Tests of a projection as sentences: given these events, then these rows. */
import type { Projection, Row } from '../projection';
import { fail } from './assertion';
import { historyRecorder, type Given } from './history';
import { assertRows, EventNotApplied, memoryView, type MemoryView } from './rows';
import { START_MS } from './test-clock';

/** The rows after a history. Each of these throws an AssertionError where it is otherwise. */
export interface RowsTest {
  /** The view has exactly these rows, in any sequence; columns that a row leaves out are not compared. */
  readonly then: (...rows: ReadonlyArray<Row>) => void;
  /** The projection rejects one of the events, with a reason that contains or matches this. */
  readonly thenRejected: (reason: string | RegExp) => void;
  /** Every row, in the order of the key, to look at. */
  readonly rows: () => ReadonlyArray<Row>;
}

/**
 * Tests a projection; its functions get frozen inputs.
 *
 * Throws InvalidDeclaration for events that the projection does not handle, or that do not keep their contracts.
 *
 * @example
 * ```ts
 * const { given } = testProjection(memberLoans);
 * given(inStream('loan-l1', lent, returned)).then({ memberId: 'm1', open: 0 });
 * ```
 */
export const testProjection = (
  projection: Projection,
): { readonly given: (...history: ReadonlyArray<Given>) => RowsTest } => {
  const owner = `the projection ${projection.name}`;
  return {
    given: (...history) => {
      const record = historyRecorder({ definitions: projection.handles, owner, nowMs: () => START_MS });
      const events = record(history);
      const applied = (): MemoryView => {
        const view = memoryView(projection);
        for (const event of events) view.apply(event);
        return view;
      };
      return {
        then: (...rows) => assertRows(applied(), rows),
        thenRejected: (reason) => {
          const rejection = rejectionIn(applied);
          if (rejection === undefined) return fail(`${owner} rejects none of the events`);
          const says = typeof reason === 'string' ? rejection.includes(reason) : reason.test(rejection);
          if (!says) fail(`${owner} rejects an event for another reason: ${rejection}`, rejection, String(reason));
        },
        rows: () => applied().rows(),
      };
    },
  };
};

/** The reason of a rejection; undefined where nothing is rejected. */
const rejectionIn = (work: () => unknown): string | undefined => {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof EventNotApplied && error.failure.class === 'rejected') return error.failure.reason;
    throw error;
  }
};
