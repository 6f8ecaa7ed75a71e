/** What a file, or whatever else keeps rows, says when it does not do what it is asked: told apart by kind, not by a code. */
import { EngineFault } from './engine-fault';

/**
 * `busy`: another connection holds the lock that was needed. `full`: no space is left. `io`: the disk does not read or write.
 * `refused`: a value that the tables can't hold; the one kind that can be the fault of an event. `failed`: anything else.
 */
export type StorageFaultKind = 'busy' | 'full' | 'io' | 'refused' | 'failed';

/** Every error of a store of rows is one, whichever library it comes from. */
export abstract class StorageFault extends EngineFault {
  /** What went wrong. */
  abstract readonly kind: StorageFaultKind;
}

/** Such an error that is made here: with the name of its file before the message, or received from another thread. */
export class NamedStorageFault extends StorageFault {
  override readonly name = 'StorageFault';
  constructor(
    readonly kind: StorageFaultKind,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The kind of an error; undefined where it is no error of a store of rows. */
export const storageFaultKind = (error: unknown): StorageFaultKind | undefined =>
  error instanceof StorageFault ? error.kind : undefined;

/** Whether another connection holds the lock that was needed. */
export const isBusy = (error: unknown): boolean => storageFaultKind(error) === 'busy';

/** Whether the fault should pass by itself, or once somebody has made room: a lock, a full disk, an I/O error. */
export const isPassingStorageFault = (error: unknown): boolean =>
  ['busy', 'full', 'io'].includes(storageFaultKind(error) ?? '');
