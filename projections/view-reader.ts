/** The read side as the API sees it: rows, and the progress of each projection. */
import type { GroupStatus } from '../infra/consumption/status/status';
import type { OffsetRequestStatus } from '../infra/consumption/checkpoints/checkpoints';
import type { TopicPartition } from '../infra/topic-partition';

export type { GroupStatus, PartitionStatus } from '../infra/consumption/status/status';
export type { OffsetRequestStatus } from '../infra/consumption/checkpoints/checkpoints';

/** A column as the API documents it. */
export interface ViewColumn {
  readonly name: string;
  readonly type: 'text' | 'integer' | 'boolean' | 'json';
  readonly nullable: boolean;
  readonly meaning: string;
}

/** A view as the API documents it. */
export interface ViewDescription {
  readonly name: string;
  readonly version: number;
  readonly meaning: string;
  /** The columns that make the key; several are joined with `:` in a URL. */
  readonly key: ReadonlyArray<string>;
  readonly columns: ReadonlyArray<ViewColumn>;
  /** The declared indexes: by their columns, from the first on, rows can be sorted. */
  readonly indexes: ReadonlyArray<ReadonlyArray<string>>;
  /** The topics whose events the view is made from. */
  readonly topics: ReadonlyArray<string>;
}

/**
 * A row: column name to text, integer, parsed JSON or null. A row that lacks events of a quarantined stream also has
 * `stale: true`.
 */
export type ViewRow = Readonly<Record<string, unknown>>;

/** A page of rows. */
export interface ViewPage {
  readonly items: ReadonlyArray<ViewRow>;
  /** Absent at the end. */
  readonly nextCursor?: string;
}

export type ListFailure =
  | { readonly _tag: 'UnknownFilter'; readonly name: string; readonly known: ReadonlyArray<string> }
  | { readonly _tag: 'InvalidFilter'; readonly name: string; readonly reason: string }
  /** `known`: the orders that need no filter, ascending. */
  | { readonly _tag: 'InvalidSort'; readonly reason: string; readonly known: ReadonlyArray<string> }
  | { readonly _tag: 'InvalidCursor' };

/** A list of rows as a client asks for it. */
export interface ListQuery {
  /** By parameter: `column` for equality, or `column.operator`. */
  readonly filters: Readonly<Record<string, string>>;
  readonly limit: number;
  readonly cursor?: string;
  /** Columns of an index, separated by commas, each with `-` before it for the descending order; absent for that of the keys. */
  readonly sort?: string;
  /** Columns of the view that the rows are to have; absent for all. */
  readonly columns?: ReadonlyArray<string>;
}

/** The state of a projection. */
export interface ProjectionStatus {
  readonly name: string;
  readonly version: number;
  /** Which generation of the tables is served; grows with every swap. */
  readonly generation: number;
  readonly rows: number;
  readonly rebuild: RebuildStatus | null;
  /** The previous generation, until it is dropped: a rollback returns to it. */
  readonly former: { readonly version: number; readonly generation: number } | null;
  /** Point-in-time copies, to be read as `<projection>@<name>`. */
  readonly copies: ReadonlyArray<ViewCopy>;
}

/** A view as of a point in time, made on request. */
export interface ViewCopy {
  readonly name: string;
  readonly version: number;
  /** The point in time as requested: a position or a time. */
  readonly until: string;
  /** The last position that it includes. */
  readonly untilPosition: number;
  readonly madeAt: string;
}

/** A row in which two generations differ. */
export interface RowDifference {
  /** `view`; `memory`: the projection's detail table; or a reference's name. With ` (removed)`: which of its rows were removed. */
  readonly table: string;
  /** As in a URL. */
  readonly key: string;
  /** In the served generation; null where it does not exist. */
  readonly before: ViewRow | null;
  readonly after: ViewRow | null;
  /** The ids of the last events that changed it, oldest first, and the number of all of them; null until they are looked up. */
  readonly events: ReadonlyArray<string> | null;
  readonly eventCount: number | null;
}

/** How many rows differ, and the first of them. */
export interface Differences {
  readonly count: number;
  readonly rows: ReadonlyArray<RowDifference>;
}

/** The state of a rebuild. */
export interface RebuildStatus {
  readonly id: number;
  readonly projection: string;
  /** `rollback` returns to the previous generation, `copy` makes a point-in-time copy, `row` rebuilds one row. */
  readonly kind: 'rebuild' | 'rollback' | 'copy' | 'row';
  readonly from: 'kafka' | 'store';
  /** `waiting`: the rows differ from those served, and an operator has to accept that or to cancel. */
  readonly state: 'requested' | 'running' | 'waiting' | 'done' | 'failed' | 'cancelled';
  /** Swap even if the rows differ. */
  readonly acceptDifferences: boolean;
  /** Of a copy: its name and point in time. */
  readonly copy: string | null;
  readonly until: string | null;
  /** Of one row: its key. */
  readonly key: string | null;
  readonly reason: string | null;
  /** Events read so far, and in total; `total` is null until it is known. */
  readonly done: number;
  readonly total: number | null;
  /** Events a second over the whole run. */
  readonly rate: number | null;
  /** Remaining seconds at that rate. */
  readonly etaSeconds: number | null;
  /**
   * Evidence that the rebuilt rows are right: row counts and hashes before and after, and the applied events compared with
   * those of the store; null until done.
   */
  readonly proof: Readonly<Record<string, unknown>> | null;
  /** Where rows differ: how many, and the first of them with the events that changed them. */
  readonly differences: Differences | null;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
}

/** Reads the views' file; every call sees the latest committed state. */
export interface ViewReader {
  readonly views: ReadonlyArray<ViewDescription>;
  /** Rows that match every filter. */
  readonly list: (
    view: string,
    query: ListQuery,
  ) => { readonly _tag: 'Left'; readonly left: ListFailure } | { readonly _tag: 'Right'; readonly right: ViewPage };
  /** The row under a key as in a URL, with all columns or with these. */
  readonly find: (view: string, key: string, columns?: ReadonlyArray<string>) => ViewRow | undefined;
  /** Whether the served generation has applied the event at `position` of that partition. */
  readonly hasSeen: (view: string, event: TopicPartition & { readonly position: number }) => boolean;
  /** Whether the event is parked, or will be, behind a dead letter of its stream: waiting for it is pointless. */
  readonly isQuarantined: (view: string, event: { readonly stream: string; readonly position: number }) => boolean;
  /** The rows that lack events of a quarantined stream, by their keys as in a URL, at most `limit` of them. */
  readonly keysBehind: (view: string, stream: string, limit: number) => ReadonlyArray<string>;
  readonly projections: () => ReadonlyArray<ProjectionStatus>;
  readonly groups: () => ReadonlyArray<GroupStatus>;
  /** The rebuild of each projection that runs or waits, else its last one. */
  readonly latestRebuilds: () => ReadonlyArray<RebuildStatus>;
  readonly rebuild: (id: number) => RebuildStatus | undefined;
  /** The state of a requested move of offsets; undefined until the role has picked it up. */
  readonly offsetRequest: (id: number) => OffsetRequestStatus | undefined;
  /** Changes whenever anything is committed, so that pollers need not query otherwise. */
  readonly changeCounter: () => number;
  readonly close: () => void;
}
