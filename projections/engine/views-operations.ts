/** What the thread that writes the views' file can be asked for: plain data in, plain data out. */
import type { Checkpoint, CheckpointMove } from '../../infra/consumption/checkpoints';
import type { BatchOutcome } from '../../infra/consumption/group-handler';
import type { GroupStatus } from '../../infra/consumption/group-status';
import type { DeadLetterCopy } from '../../infra/dead-letters/dead-letter-copies';
import type { RedriveStep } from '../../infra/dead-letters/failure-desk';
import type { PackedBatch } from './packed-batch';
import type { RebuildProof } from './rebuild-proof';
import type { OpenRebuild, RebuildProgress } from './rebuild-rows';

/** How a page of the store went. */
export interface StorePage {
  readonly reachedPosition: number;
  readonly outcome: BatchOutcome;
}

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
  }) => Answer<BatchOutcome>;
  readonly applyFromStore: (input: {
    readonly projection: string;
    readonly afterPosition: number;
    readonly untilPosition: number;
  }) => Answer<StorePage>;
  readonly caughtUpTo: (input: { readonly projection: string; readonly position: number }) => Answer<void>;
  readonly report: (input: { readonly status: GroupStatus }) => Answer<void>;

  // Projections and their rebuilds
  /**
   * Makes every projection ready: a new one gets its tables; for one whose version changed a rebuild is noted, and it is
   * answered, for its group must not run before that rebuild is done.
   */
  readonly prepare: (input: Readonly<Record<string, never>>) => Answer<ReadonlyArray<string>>;
  /** Takes over what operators have asked for since the last time, and answers every rebuild that is not over. */
  readonly openRebuilds: (input: Readonly<Record<string, never>>) => Answer<ReadonlyArray<OpenRebuild>>;
  /** Makes the shadow tables, or finds them from before the last end of the process. */
  readonly beginRebuild: (input: OpenRebuild) => Answer<void>;
  /** Fails with CheckpointMoved. */
  readonly applyToShadow: (input: { readonly id: number; readonly batch: PackedBatch }) => Answer<BatchOutcome>;
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
  /** Holds the shadow against the rows in service. Nobody may write to either of them meanwhile. */
  readonly compareRebuild: (input: { readonly id: number }) => Answer<RebuildProof>;
  /** From here on the shadow is what is served, and what the group goes on with. */
  readonly finishRebuild: (input: {
    readonly id: number;
    readonly reason: string | null;
    readonly proof: Readonly<Record<string, unknown>>;
  }) => Answer<void>;
  readonly failRebuild: (input: { readonly id: number; readonly reason: string }) => Answer<void>;

  // Failures
  /** Carries out what operators have asked since the last time; answers how much that was. */
  readonly takeFailureRequests: (input: Readonly<Record<string, never>>) => Answer<number>;
  readonly redriveStep: (input: { readonly projection: string }) => Answer<RedriveStep>;
  readonly copiesWaiting: (input: {
    readonly group: string;
    readonly limit: number;
  }) => Answer<ReadonlyArray<DeadLetterCopy>>;
  readonly copiesDone: (input: { readonly seqs: ReadonlyArray<number> }) => Answer<void>;

  /** Ends the work with the file folded together and free for the next one. */
  readonly close: (input: Readonly<Record<string, never>>) => Answer<void>;
}

/** The consumer whose checkpoints say what a rebuild has read. */
export const rebuildConsumer = (id: number): string => `rebuild-${id}`;
