/** The package's entry `tidemark/projections`: what read models are declared with. */
export {
  boolean,
  defineJoin,
  defineProjection,
  defineRollup,
  integer,
  json,
  nullable,
  rejected,
  text,
} from '../../projections/projection';
export type {
  Column,
  Columns,
  ColumnType,
  Projection,
  Reference,
  Rejected,
  RetryDeclaration,
  Row,
  Table,
  RowChange,
} from '../../projections/projection';
export type { ChangeOf, ContributionOf, RemovalOf, RowOf, UpsertOf, ValueOf } from '../../projections/table';
