/** The operations of the writer thread: plain data in, plain data out. */
import type * as E from 'fp-ts/Either';
import type {
  Checkpoint,
  CheckpointMove,
  HighWaterPosition,
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

type MaybePromise<Result> = Result | Promise<Result>;

/** Each call that writes is one transaction. */
export interface ViewsOperations {
  // Groups; a consumer is the name of a group, or that of a rebuild (see `rebuildConsumer`).
  readonly checkpoints: (input: { readonly consumer: string }) => MaybePromise<ReadonlyArray<Checkpoint>>;
  readonly begin: (input: {
    readonly consumer: string;
    readonly checkpoints: ReadonlyArray<Checkpoint>;
  }) => MaybePromise<void>;
  /** Fails with CheckpointMoved. */
  readonly move: (input: {
    readonly consumer: string;
    readonly moves: ReadonlyArray<CheckpointMove>;
  }) => MaybePromise<void>;
  /** Fails with CheckpointMoved. */
  readonly apply: (input: {
    readonly projection: string;
    readonly batch: PackedBatch;
    readonly exhaustedAttempts?: number | undefined;
  }) => MaybePromise<TimedCounts>;
  readonly applyFromStore: (input: StorePageQuery & { readonly projection: string }) => MaybePromise<StorePage>;
  readonly advanceHighWater: (input: {
    readonly consumer: string;
    readonly marks: ReadonlyArray<HighWaterPosition>;
  }) => MaybePromise<void>;
  readonly report: (input: { readonly status: GroupStatus }) => MaybePromise<void>;
  /** Binds the file to the store unless it is bound already; returns the id of the store that it is bound to. */
  readonly bindToStore: (input: { readonly storeId: string }) => MaybePromise<string>;
  /** As in a group's handler. */
  readonly hasDeadLettersUpTo: (input: {
    readonly consumer: string;
    readonly lastPosition: number;
  }) => MaybePromise<boolean>;
  /** The open requests to move offsets, which `takeRebuildRequests` has picked up. */
  readonly openOffsetRequests: (
    input: Readonly<Record<string, never>>,
  ) => MaybePromise<ReadonlyArray<E.Either<{ readonly id: number; readonly reason: string }, OffsetRequest>>>;
  /** Moves checkpoints of a stopped group, records the move, and ends the request. Fails with CheckpointMoved. */
  readonly moveOffsets: (input: OffsetRequest) => MaybePromise<void>;
  readonly failOffsetRequest: (input: { readonly id: number; readonly reason: string }) => MaybePromise<void>;

  // Projections and their rebuilds
  /**
   * Prepares every projection: creates the tables of a new one, and adds a rebuild for one whose version changed. Returns
   * the projections whose groups must not run before their rebuild is done.
   */
  readonly prepare: (input: Readonly<Record<string, never>>) => MaybePromise<ReadonlyArray<string>>;
  /** Picks up operator requests recorded since the last call: rebuilds, decisions about them, and moves of offsets. */
  readonly takeRebuildRequests: (input: Readonly<Record<string, never>>) => MaybePromise<void>;
  /** Every rebuild that has not ended and does not wait for an operator. */
  readonly openRebuilds: (input: Readonly<Record<string, never>>) => MaybePromise<ReadonlyArray<OpenRebuild>>;
  /** Those of the rebuilds that were cancelled. */
  readonly cancelledAmong: (input: { readonly ids: ReadonlyArray<number> }) => MaybePromise<ReadonlyArray<number>>;
  /** Creates the candidate's tables, or resumes the candidate of an earlier run of the process. */
  readonly beginRebuild: (input: OpenRebuild) => MaybePromise<void>;
  /**
   * Applies a batch to the candidates of several rebuilds, to each the records between its own offsets; cancelled rebuilds
   * are skipped. Fails with CheckpointMoved.
   */
  readonly applyToCandidates: (input: {
    readonly takers: ReadonlyArray<{ readonly id: number; readonly moves: ReadonlyArray<OpenMove> }>;
    readonly batch: PackedBatch;
  }) => MaybePromise<void>;
  /** Applies one page of the store to the candidate, in each partition up to its bound. */
  readonly applyStoreToCandidate: (input: {
    readonly id: number;
    readonly afterPosition: number;
    readonly bounds: ReadonlyArray<Checkpoint>;
  }) => MaybePromise<StorePage>;
  /** Raises the candidate's high-water positions to these bounds, up to which it has applied everything. */
  readonly advanceCandidate: (input: {
    readonly id: number;
    readonly bounds: ReadonlyArray<Checkpoint>;
  }) => MaybePromise<void>;
  readonly noteProgress: (input: { readonly id: number; readonly progress: RebuildProgress }) => MaybePromise<void>;
  readonly noteFault: (input: { readonly id: number; readonly fault: string }) => MaybePromise<void>;
  /**
   * Compares the candidate with the served generation, and records the differences. Neither may be written to meanwhile.
   */
  readonly compareRebuild: (input: { readonly id: number }) => MaybePromise<RebuildProof>;
  /**
   * Compares the events that the candidate has applied with those of the store; null for a kind of rebuild that cannot be
   * verified this way. The candidate must not be written to meanwhile.
   */
  readonly compareWithStore: (input: { readonly id: number }) => MaybePromise<StoreProof | null>;
  /** Adds to the recorded differences the events that changed each row. */
  readonly explainDifferences: (input: { readonly id: number }) => MaybePromise<void>;
  /** Sets the state to waiting for an operator's decision; the candidate is kept. */
  readonly waitRebuild: (input: {
    readonly id: number;
    readonly reason: string;
    readonly proof: Readonly<Record<string, unknown>>;
  }) => MaybePromise<void>;
  /** Turns the candidate into a copy that can be read under its name. */
  readonly keepCopy: (input: { readonly id: number; readonly reason: string | null }) => MaybePromise<void>;
  /** Finds the events that changed the row, and returns the position up to which it has searched. */
  readonly findRowEvents: (input: { readonly id: number }) => MaybePromise<number>;
  /** Writes the row folded from its events up to the group's checkpoints. The view must not be written to meanwhile. */
  readonly writeRow: (input: { readonly id: number; readonly reason: string | null }) => MaybePromise<void>;
  /** Swaps the candidate in: it is served from now on, and the group continues with it. */
  readonly finishRebuild: (input: {
    readonly id: number;
    readonly reason: string | null;
    readonly proof: Readonly<Record<string, unknown>>;
  }) => MaybePromise<void>;
  readonly failRebuild: (input: {
    readonly id: number;
    readonly reason: string;
    readonly proof?: Readonly<Record<string, unknown>> | null;
  }) => MaybePromise<void>;
  /** Removes what a cancelled rebuild may have left behind. */
  readonly forgetRebuild: (input: { readonly id: number }) => MaybePromise<void>;

  // Dead letters
  /** Executes operator requests about dead letters recorded since the last call; returns how many. */
  readonly takeFailureRequests: (input: Readonly<Record<string, never>>) => MaybePromise<number>;
  readonly redriveStep: (input: { readonly projection: string }) => MaybePromise<RedriveStep>;
  readonly copiesWaiting: (input: {
    readonly group: string;
    readonly limit: number;
  }) => MaybePromise<ReadonlyArray<DeadLetterCopy>>;
  readonly copiesDone: (input: { readonly seqs: ReadonlyArray<number> }) => MaybePromise<void>;
  readonly noteCopying: (input: { readonly group: string; readonly attempt: CopyAttempt }) => MaybePromise<void>;
  readonly defectsWaiting: (input: { readonly limit: number }) => MaybePromise<ReadonlyArray<LoggedDefect>>;
  readonly defectsDone: (input: { readonly ids: ReadonlyArray<number> }) => MaybePromise<void>;

  /** Closes the file and releases its lease. */
  readonly close: (input: Readonly<Record<string, never>>) => MaybePromise<void>;
}

/** The operations that only read. */
export const viewsQueries = [
  'checkpoints',
  'hasDeadLettersUpTo',
  'openOffsetRequests',
  'openRebuilds',
  'cancelledAmong',
  'compareWithStore',
  'copiesWaiting',
  'defectsWaiting',
] as const satisfies ReadonlyArray<keyof ViewsOperations>;
