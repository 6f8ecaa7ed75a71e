/**
 * A projection whose rows show what several streams know: a loan with the name of its member. What the other streams say is kept
 * in tables of its own, the references; each row of the view is a function of its own columns and of the rows that it refers to.
 * So the rows are the same whichever stream is heard first, as long as each table keeps to the rule of every projection.
 */
import { changesOf, validate } from './declared-projection';
import type { Definition, Description, Handled, Projection, Rejected, Row } from './declared-projection';
import type { ChangeOf, Reference, RowOf, Table } from './table';

type References = Readonly<Record<string, Reference>>;

/** The columns of the view that references fill. */
type JoinedOf<R extends References> = {
  readonly [Name in keyof R]: keyof R[Name]['columns'];
}[keyof R];

/** The view without the columns that references fill. */
interface OwnTable<View extends Table, R extends References> {
  readonly key: View['key'];
  readonly columns: { readonly [Name in Exclude<keyof View['columns'], JoinedOf<R>>]: View['columns'][Name] };
}

/** A change of a row of the view, or with `in` of a reference. */
type JoinChange<View extends Table, R extends References> =
  | (ChangeOf<OwnTable<View, R>> & { readonly in?: never })
  | {
      readonly [Name in keyof R & string]: ChangeOf<R[Name]['table']> & { readonly in: Name };
    }[keyof R & string];

interface Join<View extends Table, R extends References, D extends Definition> extends Description<D> {
  /** A row exists once an event has changed one of its own columns, whatever is known of its references. */
  readonly view: View;
  readonly references: R;
  /** Changes of the view's own columns, and with `in` those of a reference. */
  readonly project: (event: Handled<D>) => ReadonlyArray<JoinChange<View, R>> | Rejected;
  /** Columns computed from the other columns of the same row, the joined ones too; pure. */
  readonly compute?: (row: RowOf<View['key']> & RowOf<View['columns']>) => Partial<RowOf<OwnTable<View, R>['columns']>>;
}

/**
 * Declares a projection whose rows are joined with what other streams know.
 *
 * Throws InvalidDeclaration for invalid names, keys or references.
 *
 * @example
 * ```ts
 * export const loanList = defineJoin({
 *   view: {
 *     key: { loanId: text('The loan.') },
 *     columns: { memberId: text('Who has the book.'), memberName: nullable(text('Their name.')) },
 *   },
 *   references: {
 *     member: {
 *       table: { key: { memberId: text('The member.') }, columns: { name: text('Their name.') } },
 *       on: ['memberId'],
 *       columns: { memberName: 'name' },
 *     },
 *   },
 *   project: ({ type, data }) =>
 *     type === 'BookLent'
 *       ? [{ key: { loanId: data.loanId }, set: { memberId: data.memberId } }]
 *       : [{ in: 'member', key: { memberId: data.memberId }, set: { name: data.name } }],
 *   ...
 * });
 * ```
 */
export const defineJoin = <const View extends Table, const R extends References, D extends Definition>(
  definition: Join<View, R, D>,
): Projection => {
  const { project, compute, ...rest } = definition;
  return validate({
    ...rest,
    // The engine passes only events that the projection handles, validated by their codecs, and complete rows of the view.
    project: (event) => changesOf(rest.name, event, project(event as Handled<D>)),
    ...(compute === undefined ? {} : { compute: (row: Row): Row => compute(row as never) }),
  });
};
