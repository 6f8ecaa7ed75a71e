/** The port between the sender and what posts a command or performs a call. */
import type { CommandOutcome, ProcessCommand } from '../../../domain/kernel/process-manager';

/** The result of posting a command. */
export type PostResult =
  /** The aggregate decided: the outcome goes to the process. */
  | { readonly _tag: 'Decided'; readonly outcome: CommandOutcome }
  /** It is unknown whether anything was decided. The request can be repeated safely, as it has the same idempotency key. */
  | {
      readonly _tag: 'Retry';
      readonly reason: string;
      /** True where every other command would fail too: the API is unreachable or sheds load. */
      readonly everyCommand: boolean;
      /** From the `Retry-After` header. */
      readonly retryAfterMs?: number;
    }
  /** Not to be sent before a time; does not count as a failed attempt. */
  | { readonly _tag: 'Later'; readonly notBeforeMs: number; readonly reason: string }
  /** No retry can help: the command, the key or the program is wrong. An operator has to intervene. */
  | { readonly _tag: 'Defect'; readonly reason: string; readonly stack?: string };

/** What the sender knows about an attempt. */
export interface PostAttempt {
  /** Counted from 1. */
  readonly attempt: number;
  /** Not to be sent before this time, in milliseconds since 1970; 0 where there is no such time. */
  readonly notBeforeMs: number;
  /** The W3C trace context that the command follows from; null where there is none. */
  readonly traceparent: string | null;
}

/** Posts a command. Never rejects; an abort by the caller's signal returns `Retry`. */
export type PostCommand = (command: ProcessCommand, signal: AbortSignal, attempt: PostAttempt) => Promise<PostResult>;
