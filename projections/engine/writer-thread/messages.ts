/** The messages between the main thread and the writer thread: plain data. */
import type { Topic } from '../../../domain/kernel/topic';
import type { ViewsOperations } from './operations';
import type { PostedError } from './posted-errors';

/** The data that the thread is started with. */
export interface ViewsThreadData {
  readonly viewsFile: string;
  readonly storeFile: string;
  readonly leaseTtlMs: number;
  /** The absolute path of the module that exports the application. */
  readonly applicationFile: string;
  /** The topics of the running program by category of the aggregate. */
  readonly topics: Readonly<Record<string, Topic>>;
  /** The projections of the main thread; the writer thread must load the same ones. */
  readonly projections: ReadonlyArray<{ readonly name: string; readonly version: number }>;
}

export type OperationName = keyof ViewsOperations;
export type InputOf<Name extends OperationName> = Parameters<ViewsOperations[Name]>[0];
export type OutputOf<Name extends OperationName> = Awaited<ReturnType<ViewsOperations[Name]>>;

/** To the thread. */
export type Request =
  | { readonly id: number; readonly name: OperationName; readonly input: unknown }
  /** Gives up waiting for the lease. */
  | 'give-up';

/** From the thread. */
export type Message =
  | { readonly _tag: 'Answer'; readonly id: number; readonly output: unknown }
  | { readonly _tag: 'Failure'; readonly id: number; readonly error: PostedError }
  /** Another process holds the file. */
  | { readonly _tag: 'Waiting'; readonly owner: string }
  /** The file cannot be opened at present. */
  | { readonly _tag: 'Fault'; readonly reason: string }
  /** This thread holds the file's lease and executes calls from now on. */
  | { readonly _tag: 'Opened' }
  /** The thread has failed. */
  | { readonly _tag: 'Broken'; readonly error: PostedError };
