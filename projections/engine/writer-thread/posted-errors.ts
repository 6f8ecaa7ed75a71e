/** Errors on their way between the threads: posting one keeps its text but not its class, which callers check for. */
import { inspect } from 'node:util';
import { RequestRefused } from '../../../infra/commands/operation-requests';
import { CheckpointMoved } from '../../../infra/consumption/checkpoints/checkpoints';
import { CircuitOpen, NotThisLog, TransientEventError } from '../../../infra/consumption/intake/intake';
import { EngineFault, TakenOver } from '../../../infra/engine-fault';
import { StoreNotReady } from '../../../infra/event-store/event-feed';
import { FileReplaced } from '../../../infra/sqlite/file-identity';
import { LeaseLost } from '../../../infra/sqlite/lease';
import { NamedStorageFault, StorageFault, type StorageFaultKind } from '../../../infra/storage-fault';

/** An error as plain data. */
export interface PostedError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** The operating system's error code, such as ENOENT. */
  readonly code: string | undefined;
  /** The registered class that it is an instance of; undefined for an error that nobody checks for. */
  readonly registered: RegisteredName | undefined;
  /** The kind of a storage fault. */
  readonly storage: StorageFaultKind | undefined;
}

/** How an error of a class is recognised in one thread, and made in the other. */
interface RegisteredError {
  readonly isOne: (error: Error) => boolean;
  readonly revive: (posted: PostedError) => Error;
}

const ofClass = (errorClass: new (message: string) => Error): RegisteredError => ({
  isOne: (error) => error instanceof errorClass,
  revive: ({ message }) => new errorClass(message),
});

/** The classes that callers of the writer thread check for. A class stands before the one that it extends. */
export const registeredErrors = {
  CheckpointMoved: ofClass(CheckpointMoved),
  CircuitOpen: ofClass(CircuitOpen),
  NotThisLog: ofClass(NotThisLog),
  TransientEventError: ofClass(TransientEventError),
  LeaseLost: ofClass(LeaseLost),
  StoreNotReady: ofClass(StoreNotReady),
  FileReplaced: ofClass(FileReplaced),
  RequestRefused: ofClass(RequestRefused),
  StorageFault: {
    isOne: (error) => error instanceof StorageFault,
    revive: ({ storage = 'failed', message }) => new NamedStorageFault(storage, message),
  },
  TakenOver: ofClass(TakenOver),
  EngineFault: ofClass(EngineFault),
} satisfies Readonly<Record<string, RegisteredError>>;

export type RegisteredName = keyof typeof registeredErrors;
const names = Object.keys(registeredErrors) as ReadonlyArray<RegisteredName>;

/** Turns an error into plain data. */
export const postedError = (thrown: unknown): PostedError => {
  if (!(thrown instanceof Error)) {
    const message = `something that is not an error was thrown: ${inspect(thrown, { breakLength: Infinity })}`;
    return {
      name: 'NotAnError',
      message,
      stack: undefined,
      code: undefined,
      registered: undefined,
      storage: undefined,
    };
  }
  const { name, message, stack } = thrown;
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined;
  const registered = names.find((each) => registeredErrors[each].isOne(thrown));
  const storage = thrown instanceof StorageFault ? thrown.kind : undefined;
  return { name, message, stack, code, registered, storage };
};

/** Restores an error, with its class where that is registered. */
export const revivedError = (posted: PostedError): Error => {
  const { name, message, stack, code, registered } = posted;
  const error = registered === undefined ? new Error(message) : registeredErrors[registered].revive(posted);
  return Object.assign(error, { name }, stack === undefined ? {} : { stack }, code === undefined ? {} : { code });
};
