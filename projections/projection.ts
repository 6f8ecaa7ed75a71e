/**
 * A projection as data: a view's table, the events that it handles, and a pure function from an event to changes of rows.
 * The function receives nothing but the event, so that the same events yield the same rows, now and in any rebuild.
 *
 * Events are in order within one stream only: changes from several streams have to commute (`add`, `max`, columns that
 * only one stream sets).
 */
import { changesOf, validate } from './declared-projection';
import type { Contribution, Definition, Description, Handled, Projection, Rejected, Row } from './declared-projection';
import type { ChangeOf, ContributionOf, RowOf, Table } from './table';

export {
  type Contribution,
  type Projection,
  ProjectionRejected,
  projectionsOf,
  type Rejected,
  rejected,
  type RetryDeclaration,
  type Row,
  type RowChange,
} from './declared-projection';
export { defineJoin } from './join';
export {
  boolean,
  type Column,
  type Columns,
  type ColumnType,
  integer,
  json,
  nullable,
  type Reference,
  type Table,
  text,
} from './table';

// -------------------------------------------------------------------------------------
// What a team writes
// -------------------------------------------------------------------------------------

interface Direct<View extends Table, D extends Definition> extends Description<D> {
  readonly view: View;
  readonly project: (event: Handled<D>) => ReadonlyArray<ChangeOf<View>> | Rejected;
  /** Columns computed from the other columns of the same row, whatever the sequence of events; pure. */
  readonly compute?: (row: RowOf<View['key']> & RowOf<View['columns']>) => Partial<RowOf<View['columns']>>;
}

interface Rollup<View extends Table, Memory extends Table, D extends Definition> extends Description<D> {
  readonly view: View;
  /** The detail table, which is not served: one row for each item that contributes to the view. */
  readonly memory: Memory;
  /** Changes of the detail table. */
  readonly project: (event: Handled<D>) => ReadonlyArray<ChangeOf<Memory>> | Rejected;
  /** What a detail row adds to the view; undefined while it adds nothing. A row of the view is removed when all its sums are 0. */
  readonly contribution: (row: RowOf<Memory['key']> & RowOf<Memory['columns']>) => ContributionOf<View> | undefined;
}

/**
 * Declares a projection that changes the rows of its view. Throws InvalidDeclaration for an invalid name or key.
 *
 * @example
 * ```ts
 * const memberLoans = defineProjection({
 *   name: 'member-loans', version: 1, meaning: 'One row a member: the books that are not back yet.',
 *   view: { key: { memberId: text('The member.') }, columns: { open: integer('How many are not back.') } },
 *   handles: [BookLent, BookReturned],
 *   project: ({ type, data: { memberId } }) => [{ key: { memberId }, add: { open: type === 'BookLent' ? 1 : -1 } }],
 * });
 * ```
 */
export const defineProjection = <const View extends Table, D extends Definition>(
  definition: Direct<View, D>,
): Projection => {
  const { project, compute, ...rest } = definition;
  // The engine passes only events that the projection handles, validated by their codecs, and complete rows of the view.
  return validate({
    ...rest,
    project: (event) => changesOf(rest.name, event, project(event as Handled<D>)),
    ...(compute === undefined ? {} : { compute: (row: Row): Row => compute(row as never) }),
  });
};

/**
 * Declares a projection whose view sums up the rows of its detail table. Throws InvalidDeclaration for an invalid name or key.
 *
 * @example
 * ```ts
 * const lendingByDay = defineRollup({
 *   name: 'lending-by-day', version: 1, meaning: 'One row a day: how many books were lent.',
 *   view: { key: { day: text('The day, UTC.') }, columns: { lent: integer('How many.') } },
 *   memory: { key: { loanId: text('The loan.') }, columns: { day: nullable(text('When.')) } },
 *   handles: [BookLent],
 *   project: ({ data }) => [{ key: { loanId: data.loanId }, set: { day: data.lentAt.slice(0, 10) } }],
 *   contribution: ({ day }) => (day === null ? undefined : { key: { day }, add: { lent: 1 } }),
 * });
 * ```
 */
export const defineRollup = <const View extends Table, const Memory extends Table, D extends Definition>(
  definition: Rollup<View, Memory, D>,
): Projection => {
  const { project, memory, contribution, ...rest } = definition;
  return validate({
    ...rest,
    // As above; and the engine passes complete rows of the detail table to `contribution`.
    project: (event) => changesOf(rest.name, event, project(event as Handled<D>)),
    rollup: { memory, contribution: (row) => contribution(row as never) as Contribution | undefined },
  });
};
