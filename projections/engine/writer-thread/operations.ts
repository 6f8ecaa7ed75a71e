/** What the thread that writes the views' file can be asked for: plain data in, plain data out. */
import type * as E from 'fp-ts/Either';
import type {
  Checkpoint,
  CheckpointMove,
  Mark,
  OffsetRequest,
} from '../../../infra/consumption/checkpoints/checkpoints';
import type { TimedCounts, GroupStatus } from '../../../infra/consumption/status/status';
import type { StorePage, StorePageQuery } from '../../../infra/consumption/intake/intake';
import type { CopyAttempt, DeadLetterCopy } from '../../../infra/dead-letters/topic/topic';
import type { LoggedDefect } from '../../../infra/dead-letters/store/store';
import type { RedriveStep } from '../../../infra/dead-letters/redrive/redrive';
import type { OpenMove, PackedBatch } from '../apply/apply';
import type { RebuildProof, StoreProof } from '../inspect/inspect';
import type { OpenRebuild, RebuildProgress } from '../generations/generations';

type Answer<Result> = Result | Promise<Result>;

/** Each call is one transaction, where it writes. */
export interface ViewsOperations {
  // Groups; a consumer is a group's name, or what `rebuildConsumer` answers.
  readonly checkpoints: (input: { readonly consumer: string }) => Answer<ReadonlyArray<Checkpoint>>;
  readonly begin: (input: {
    readonly consumer: string;
    readonly checkpoints: ReadonlyArray<Checkpoint>;
  }) => Answer<void>;
  /** Fails with CheckpointMoved. */
  readonly move: (input: { readonly consumer: string; readonly moves: ReadonlyArray<CheckpointMove> }) => Answer<void>;
  /** Fails with CheckpointMoved. */
  readonly apply: (input: {
    readonly projection: string;
    readonly batch: PackedBatch;
    readonly exhaustedAttempts?: number | undefined;
  }) => Answer<TimedCounts>;
  readonly applyFromStore: (input: StorePageQuery & { readonly projection: string }) => Answer<StorePage>;
  readonly caughtUpTo: (input: { readonly consumer: string; readonly marks: ReadonlyArray<Mark> }) => Answer<void>;
  readonly report: (input: { readonly status: GroupStatus }) => Answer<void>;
  /** Binds the file to the store where it belongs to none; returns the store that it belongs to. */
  readonly bindToStore: (input: { readonly storeId: string }) => Answer<string>;
  /** As in a group's handler. */
  readonly hasSetAsideUpTo: (input: { readonly consumer: string; readonly lastPosition: number }) => Answer<boolean>;
  /** What operators have asked for; `takeRebuildRequests` picks it up. */
  readonly openOffsetRequests: (
    input: Readonly<Record<string, never>>,
  ) => Answer<ReadonlyArray<E.Either<{ readonly id: number; readonly reason: string }, OffsetRequest>>>;
  /** Moves checkpoints of a group that does not run, notes it, and ends the request. Fails with CheckpointMoved. */
  readonly moveOffsets: (input: OffsetRequest) => Answer<void>;
  readonly failOffsetRequest: (input: { readonly id: number; readonly reason: string }) => Answer<void>;

  // Projections and their rebuilds
  /**
   * Makes every projection ready: a new one gets its tables; for one whose version changed a rebuild is noted, and it is
   * answered, for its group must not run before that rebuild is done.
   */
  readonly prepare: (input: Readonly<Record<string, never>>) => Answer<ReadonlyArray<string>>;
  /** Picks up what operators have asked since the last time: rebuilds, what is to be done about them, moves of offsets. */
  readonly takeRebuildRequests: (input: Readonly<Record<string, never>>) => Answer<void>;
  /** Every rebuild that is not over. */
  readonly openRebuilds: (input: Readonly<Record<string, never>>) => Answer<ReadonlyArray<OpenRebuild>>;
  /** Those of the rebuilds that were cancelled. */
  readonly cancelledAmong: (input: { readonly ids: ReadonlyArray<number> }) => Answer<ReadonlyArray<number>>;
  /** Makes the shadow tables, or finds them from before the last end of the process. */
  readonly beginRebuild: (input: OpenRebuild) => Answer<void>;
  /**
   * Applies a batch to the shadows of several rebuilds, to each the records between its own offsets; to none that was
   * cancelled meanwhile. Fails with CheckpointMoved.
   */
  readonly applyToShadows: (input: {
    readonly takers: ReadonlyArray<{ readonly id: number; readonly moves: ReadonlyArray<OpenMove> }>;
    readonly batch: PackedBatch;
  }) => Answer<void>;
  /** Applies one page of the store to the shadow, in each partition up to its bound. */
  readonly applyStoreToShadow: (input: {
    readonly id: number;
    readonly afterPosition: number;
    readonly bounds: ReadonlyArray<Checkpoint>;
  }) => Answer<StorePage>;
  /** The shadow holds everything up to these bounds. */
  readonly raiseShadow: (input: { readonly id: number; readonly bounds: ReadonlyArray<Checkpoint> }) => Answer<void>;
  readonly noteProgress: (input: { readonly id: number; readonly progress: RebuildProgress }) => Answer<void>;
  readonly noteFault: (input: { readonly id: number; readonly fault: string }) => Answer<void>;
  /**
   * Holds the shadow against the rows in service, and notes where they differ. Nobody may write to either of them meanwhile.
   */
  readonly compareRebuild: (input: { readonly id: number }) => Answer<RebuildProof>;
  /**
   * Compares which events the shadow has taken in with what the store holds up to there; null for a kind of rebuild that can't
   * be proven so. Nobody may write to the shadow meanwhile.
   */
  readonly compareWithStore: (input: { readonly id: number }) => Answer<StoreProof | null>;
  /** Adds the events that made them to the rows that were found to differ. */
  readonly explainDifferences: (input: { readonly id: number }) => Answer<void>;
  /** The differences wait for an operator; the shadow stays. */
  readonly waitRebuild: (input: {
    readonly id: number;
    readonly reason: string;
    readonly proof: Readonly<Record<string, unknown>>;
  }) => Answer<void>;
  /** The shadow can be read under the name of the copy. */
  readonly keepCopy: (input: { readonly id: number; readonly reason: string | null }) => Answer<void>;
  /** Finds the events that make the row, and returns the position up to which it has looked. */
  readonly findRowEvents: (input: { readonly id: number }) => Answer<number>;
  /** Writes the row as the events make it, up to where the group stands. Nobody may write to the view meanwhile. */
  readonly writeRow: (input: { readonly id: number; readonly reason: string | null }) => Answer<void>;
  /** From here on the shadow is what is served, and what the group goes on with. */
  readonly finishRebuild: (input: {
    readonly id: number;
    readonly reason: string | null;
    readonly proof: Readonly<Record<string, unknown>>;
  }) => Answer<void>;
  readonly failRebuild: (input: {
    readonly id: number;
    readonly reason: string;
    readonly proof?: Readonly<Record<string, unknown>> | null;
  }) => Answer<void>;
  /** Removes what a run may have left behind after its rebuild was cancelled. */
  readonly forgetRebuild: (input: { readonly id: number }) => Answer<void>;

  // Failures
  /** Carries out what operators have asked since the last time; returns how much that was. */
  readonly takeFailureRequests: (input: Readonly<Record<string, never>>) => Answer<number>;
  readonly redriveStep: (input: { readonly projection: string }) => Answer<RedriveStep>;
  readonly copiesWaiting: (input: {
    readonly group: string;
    readonly limit: number;
  }) => Answer<ReadonlyArray<DeadLetterCopy>>;
  readonly copiesDone: (input: { readonly seqs: ReadonlyArray<number> }) => Answer<void>;
  readonly noteCopying: (input: { readonly group: string; readonly attempt: CopyAttempt }) => Answer<void>;
  readonly defectsWaiting: (input: { readonly limit: number }) => Answer<ReadonlyArray<LoggedDefect>>;
  readonly defectsDone: (input: { readonly ids: ReadonlyArray<number> }) => Answer<void>;

  /** Ends the work with the file folded together and free for the next one. */
  readonly close: (input: Readonly<Record<string, never>>) => Answer<void>;
}

/** The operations that only read: each of them leaves the file as it is. */
export const viewsQueries = [
  'checkpoints',
  'hasSetAsideUpTo',
  'openOffsetRequests',
  'openRebuilds',
  'cancelledAmong',
  'compareWithStore',
  'copiesWaiting',
  'defectsWaiting',
] as const satisfies ReadonlyArray<keyof ViewsOperations>;
