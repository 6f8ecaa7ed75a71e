/** Errors of SQLite as the port's StoreUnavailable: which file, what is wrong, and what to do where that is known. */
import type { StoreUnavailable } from '../../domain/kernel/event-store';
import { storageFaultKind } from '../storage-fault';
import { FileReplaced } from './file-identity';
import { LeaseLost } from './lease';

/** Says why the file can't be read or written just now. */
export const storeUnavailable = (file: string, error: unknown): StoreUnavailable => ({
  _tag: 'StoreUnavailable',
  reason: `${named(file, error instanceof Error ? error.message : String(error))}${advice(error)}`,
});

const named = (file: string, message: string): string => (message.startsWith(file) ? message : `${file}: ${message}`);

const advice = (error: unknown): string => {
  if (error instanceof LeaseLost) return '; this process can write nothing more: start it again';
  if (error instanceof FileReplaced)
    return '; nothing is written to it: put it back, or start the program again on what stands there now';
  switch (storageFaultKind(error)) {
    case 'full':
      return '; free some disk space, and appends go on by themselves';
    case 'busy':
      return '; another process holds the file: only one may write it';
    case 'io':
      return '; see to the disk';
    default:
      return '';
  }
};
