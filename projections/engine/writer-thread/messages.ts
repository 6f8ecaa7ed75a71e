/** The messages between the main thread and the writer thread: plain data. */
import { inspect } from 'node:util';
import type { Topic } from '../../../domain/kernel/topic';
import { RequestRefused } from '../../../infra/commands/operation-requests';
import { CheckpointMoved } from '../../../infra/consumption/checkpoints/checkpoints';
import { CircuitOpen, NotThisLog, TransientEventError } from '../../../infra/consumption/intake/intake';
import { StoreNotReady } from '../../../infra/event-store/event-feed';
import { FileReplaced } from '../../../infra/sqlite/file-identity';
import { LeaseLost } from '../../../infra/sqlite/lease';
import { NamedStorageFault, storageFaultKind, type StorageFaultKind } from '../../../infra/storage-fault';
import type { ViewsOperations } from './operations';

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

/** An error as plain data: posting an error to another thread keeps its text but not its class. */
export interface PostedError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** The operating system's error code, such as ENOENT. */
  readonly code: string | undefined;
  /** The kind of a storage fault. */
  readonly storage: StorageFaultKind | undefined;
}

/** Turns an error into plain data. */
export const postedError = (thrown: unknown): PostedError => {
  if (!(thrown instanceof Error)) {
    const message = `something that is not an error was thrown: ${inspect(thrown, { breakLength: Infinity })}`;
    return { name: 'NotAnError', message, stack: undefined, code: undefined, storage: undefined };
  }
  const { name, message, stack } = thrown;
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined;
  return { name, message, stack, code, storage: storageFaultKind(thrown) };
};

/** Restores an error, with its class where callers check for it. */
export const revivedError = ({ name, message, stack, code, storage }: PostedError): Error => {
  const error =
    storage === undefined
      ? errorNamed(name, message)
      : Object.assign(new NamedStorageFault(storage, message), { name });
  return Object.assign(error, stack === undefined ? {} : { stack }, code === undefined ? {} : { code });
};

const errorNamed = (name: string, message: string): Error => {
  switch (name) {
    case 'CheckpointMoved':
      return new CheckpointMoved(message);
    case 'CircuitOpen':
      return new CircuitOpen(message);
    case 'NotThisLog':
      return new NotThisLog(message);
    case 'TransientEventError':
      return new TransientEventError(message);
    case 'LeaseLost':
      return new LeaseLost(message);
    case 'StoreNotReady':
      return new StoreNotReady(message);
    case 'FileReplaced':
      return new FileReplaced(message);
    case 'RequestRefused':
      return new RequestRefused(message);
    default:
      return Object.assign(new Error(message), { name });
  }
};
