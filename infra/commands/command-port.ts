/** What it takes to handle a command, and what comes of it. */
import type { TaskEither } from 'fp-ts/TaskEither';
import type { Aggregate } from '../../domain/kernel/aggregate';
import type { Command } from '../../domain/kernel/command-definition';
import type { Rejection } from '../../domain/kernel/decider';
import type { AppendMetadata, EventTooLarge, ScopedKey, StoreUnavailable } from '../../domain/kernel/event-store';

/** A command whose body has passed its codec, with all that came beside it. */
export interface CommandRequest {
  readonly aggregate: Aggregate;
  readonly command: Command;
  readonly metadata: AppendMetadata;
  /** From `If-Match`: the version that the stream must have, or several of which it must have one. */
  readonly expectedVersion?: ExpectedVersions;
  /** From `Idempotency-Key`, in the space of the caller. */
  readonly idempotency?: ScopedKey & { readonly requestHash: string };
  /** Decide and append nothing. */
  readonly dryRun: boolean;
}

/** An event as the answer to a command names it. In a dry run it has no position. */
export interface AppendedEvent {
  readonly id: string;
  readonly type: string;
  readonly schemaVersion: number;
  readonly version: number;
  readonly position?: number;
}

/** The command is done: with new events, or with none where it repeats what already holds. */
export interface CommandResult {
  readonly stream: string;
  /** The stream's version after the command; 0 for a stream without events. */
  readonly version: number;
  /** The position of the stream's last event; 0 for a stream without events. */
  readonly position: number;
  readonly events: ReadonlyArray<AppendedEvent>;
  /** True where the answer was remembered from an earlier request with the same idempotency key. */
  readonly replayed: boolean;
}

/** One version, or several. */
export type ExpectedVersions = number | ReadonlyArray<number>;

export type CommandFailure =
  /** The aggregate said no. Remembered under the idempotency key like a success, so that a repeat gets the same answer. */
  | { readonly _tag: 'Rejected'; readonly stream: string; readonly rejection: Rejection; readonly replayed: boolean }
  /** `If-Match` does not hold. */
  | {
      readonly _tag: 'VersionMismatch';
      readonly stream: string;
      readonly expected: ExpectedVersions;
      readonly actual: number;
    }
  /** The stream kept changing under the command, again and again. */
  | { readonly _tag: 'ConcurrentChange'; readonly stream: string; readonly attempts: number }
  /** The idempotency key was used for another request. */
  | { readonly _tag: 'KeyReused'; readonly key: string }
  /** A request with this idempotency key is under way. */
  | { readonly _tag: 'KeyInProgress'; readonly key: string }
  /** The stream holds an event that can't be read with today's contracts. */
  | { readonly _tag: 'UnreadableStream'; readonly stream: string; readonly eventId: string; readonly reason: string }
  | EventTooLarge
  | { readonly _tag: 'StoreOverloaded' }
  /** The store is older than what was made from it: its next positions are taken. */
  | { readonly _tag: 'StoreBehind'; readonly reason: string }
  | StoreUnavailable;

/** Loads the stream, decides, appends. */
export type HandleCommand = (request: CommandRequest) => TaskEither<CommandFailure, CommandResult>;
