/** The port for handling commands: request, result and failures. */
import type { TaskEither } from 'fp-ts/TaskEither';
import type { Aggregate } from '../../domain/kernel/aggregate';
import type { Command } from '../../domain/kernel/command-definition';
import type { Rejection } from '../../domain/kernel/decider';
import type { AppendMetadata, EventTooLarge, ScopedKey, StoreUnavailable } from '../../domain/kernel/event-store';

/** A command whose body has passed its codec, with the headers of its request. */
export interface CommandRequest {
  readonly aggregate: Aggregate;
  readonly command: Command;
  readonly metadata: AppendMetadata;
  /** From `If-Match`: the version that the stream must have, or several, one of which it must have. */
  readonly expectedVersion?: ExpectedVersions;
  /** From `Idempotency-Key`, in the caller's namespace. */
  readonly idempotency?: ScopedKey & { readonly requestHash: string };
  /** Decide without appending. */
  readonly dryRun: boolean;
}

/** An event in the response to a command. In a dry run it has no position. */
export interface AppendedEvent {
  readonly id: string;
  readonly type: string;
  readonly schemaVersion: number;
  readonly version: number;
  readonly position?: number;
}

/** The command is done: with new events, or with none if nothing had to change. */
export interface CommandResult {
  readonly stream: string;
  /** The stream's version after the command; 0 for a stream without events. */
  readonly version: number;
  /** The position of the stream's last event; 0 for a stream without events. */
  readonly position: number;
  readonly events: ReadonlyArray<AppendedEvent>;
  /** True if the response was remembered from an earlier request with the same idempotency key. */
  readonly replayed: boolean;
}

/** One version, or several. */
export type ExpectedVersions = number | ReadonlyArray<number>;

export type CommandFailure =
  /** The aggregate rejected the command. Remembered like a success, so that a repeat gets the same response. */
  | { readonly _tag: 'Rejected'; readonly stream: string; readonly rejection: Rejection; readonly replayed: boolean }
  /** The stream does not have the version in `If-Match`. */
  | {
      readonly _tag: 'VersionMismatch';
      readonly stream: string;
      readonly expected: ExpectedVersions;
      readonly actual: number;
    }
  /** The stream changed repeatedly while the command was being decided. */
  | { readonly _tag: 'ConcurrentChange'; readonly stream: string; readonly attempts: number }
  /** The idempotency key was used for another request. */
  | { readonly _tag: 'KeyReused'; readonly key: string }
  /** A request with this idempotency key is still being processed. */
  | { readonly _tag: 'KeyInProgress'; readonly key: string }
  /** The stream holds an event that the present contracts can't read. */
  | { readonly _tag: 'UnreadableStream'; readonly stream: string; readonly eventId: string; readonly reason: string }
  | EventTooLarge
  | { readonly _tag: 'StoreOverloaded' }
  /** The store is behind its readers: its next positions are already used. */
  | { readonly _tag: 'StoreBehind'; readonly reason: string }
  | StoreUnavailable;

/** Handles one command. */
export type HandleCommand = (request: CommandRequest) => TaskEither<CommandFailure, CommandResult>;
