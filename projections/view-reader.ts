/** The read side as the API sees it: rows, and how far each projection has come. */
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

/** What a view offers. */
export interface ViewDescription {
  readonly name: string;
  readonly version: number;
  readonly meaning: string;
  /** The columns that make the key; several are joined with `:` in a URL. */
  readonly key: ReadonlyArray<string>;
  readonly columns: ReadonlyArray<ViewColumn>;
  /** The topics whose events the view is made from. */
  readonly topics: ReadonlyArray<string>;
}

/**
 * A row: column name to text, integer, parsed JSON or null. One that lacks events of a quarantined key has `stale: true`
 * beside its columns.
 */
export type ViewRow = Readonly<Record<string, unknown>>;

/** A page of rows in key order. */
export interface ViewPage {
  readonly items: ReadonlyArray<ViewRow>;
  /** Absent at the end. */
  readonly nextCursor?: string;
}

export type ListFailure =
  | { readonly _tag: 'UnknownFilter'; readonly name: string; readonly known: ReadonlyArray<string> }
  | { readonly _tag: 'InvalidFilter'; readonly name: string; readonly reason: string }
  | { readonly _tag: 'InvalidCursor' };

/** How a projection stands. */
export interface ProjectionStatus {
  readonly name: string;
  readonly version: number;
  /** Which build of the tables is served; grows with every swap. */
  readonly generation: number;
  readonly rows: number;
  readonly rebuild: RebuildStatus | null;
  /** The build that was served before, until it is dropped: a way back. */
  readonly former: { readonly version: number; readonly generation: number } | null;
  /** Scratch copies, to be read as `<projection>@<name>`. */
  readonly copies: ReadonlyArray<ViewCopy>;
}

/** What a view was at some moment, made on request. */
export interface ViewCopy {
  readonly name: string;
  readonly version: number;
  /** The moment as it was asked for: a position, or a time. */
  readonly until: string;
  /** The last position that is in it. */
  readonly untilPosition: number;
  readonly madeAt: string;
}

/** A row that two builds do not agree on. */
export interface RowDifference {
  /** `memory`: a row that the projection keeps for itself. */
  readonly table: 'view' | 'memory';
  /** As it stands in a URL. */
  readonly key: string;
  /** In the rows that are served; null where it is not there. */
  readonly before: ViewRow | null;
  readonly after: ViewRow | null;
  /** The ids of the last events that made it, oldest first, and how many there were in all; null until they are looked up. */
  readonly events: ReadonlyArray<string> | null;
  readonly eventCount: number | null;
}

/** How many rows differ, and the first of them. */
export interface Differences {
  readonly count: number;
  readonly rows: ReadonlyArray<RowDifference>;
}

/** How a rebuild stands. */
export interface RebuildStatus {
  readonly id: number;
  readonly projection: string;
  /** `rollback` goes back to the former build, `copy` makes a scratch copy as of a moment, `row` makes one row again. */
  readonly kind: 'rebuild' | 'rollback' | 'copy' | 'row';
  readonly from: 'kafka' | 'store';
  /** `waiting`: the rows differ from those served, and a person has to accept that, or to cancel. */
  readonly state: 'requested' | 'running' | 'waiting' | 'done' | 'failed' | 'cancelled';
  /** Swap also where the rows differ. */
  readonly acceptDifferences: boolean;
  /** Of a copy: its name, and the moment that it shows. */
  readonly copy: string | null;
  readonly until: string | null;
  /** Of one row: its key. */
  readonly key: string | null;
  readonly reason: string | null;
  /** Events read so far and to read in all; `total` is null before the first look. */
  readonly done: number;
  readonly total: number | null;
  /** Events a second over the whole run. */
  readonly rate: number | null;
  /** Seconds to go at that rate. */
  readonly etaSeconds: number | null;
  /**
   * What shows that the rebuilt rows are right: row counts and hashes before and after, and the events taken in beside those
   * of the store; null until done.
   */
  readonly proof: Readonly<Record<string, unknown>> | null;
  /** Where rows differ: how many, and the first of them with the events that made them. */
  readonly differences: Differences | null;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
}

/** Reads the views' file; every call answers from what is committed now. */
export interface ViewReader {
  readonly views: ReadonlyArray<ViewDescription>;
  /** Rows that match every filter (equality), in key order. */
  readonly list: (
    view: string,
    query: {
      readonly filters: Readonly<Record<string, string>>;
      readonly limit: number;
      readonly cursor?: string;
    },
  ) => { readonly _tag: 'Left'; readonly left: ListFailure } | { readonly _tag: 'Right'; readonly right: ViewPage };
  /** The row under a key as it stands in a URL. */
  readonly find: (view: string, key: string) => ViewRow | undefined;
  /** Whether the served generation has applied the event at `position` of that partition. */
  readonly hasSeen: (view: string, event: TopicPartition & { readonly position: number }) => boolean;
  /** Whether the event waits, or will wait, behind a dead letter of its stream: no waiting for it helps. */
  readonly isQuarantined: (view: string, event: { readonly stream: string; readonly position: number }) => boolean;
  readonly projections: () => ReadonlyArray<ProjectionStatus>;
  readonly groups: () => ReadonlyArray<GroupStatus>;
  /** The rebuild of each projection that runs or waits, else its last one. */
  readonly latestRebuilds: () => ReadonlyArray<RebuildStatus>;
  readonly rebuild: (id: number) => RebuildStatus | undefined;
  /** How a move of offsets stands that was asked for; undefined until it is taken over. */
  readonly offsetRequest: (id: number) => OffsetRequestStatus | undefined;
  /** Changes when anything was committed: look again then, and only then. */
  readonly changeCounter: () => number;
  readonly close: () => void;
}
