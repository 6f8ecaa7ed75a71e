/** Where streams end: remembered from commit to commit, so that most appends need not look. */
import { boundedCache } from '../memory/bounded-cache';
import type { StoreStatements } from './store-statements';

/** A stream's integer (0 for one that is not created yet) and its last version. */
export interface Head {
  readonly streamId: number;
  readonly version: number;
}

/** The heads as one transaction sees them: what it has moved itself, before what is committed. */
export interface TransactionVersions {
  readonly of: (stream: string) => Head;
  readonly move: (stream: string, head: Head) => void;
  /** Call after the commit, and only then: later transactions go by it. */
  readonly publish: () => void;
}

export interface StreamVersions {
  readonly begin: () => TransactionVersions;
  /** Call when a transaction failed: the file knows better than any memory of it. */
  readonly forget: () => void;
}

const REMEMBERED_STREAMS = 20_000;
const NEW_STREAM: Head = { streamId: 0, version: 0 };

/** Right as long as this process is the file's one writer. */
export const streamVersions = (statements: StoreStatements): StreamVersions => {
  const committed = boundedCache<string, Head>(REMEMBERED_STREAMS);
  const look = (stream: string): Head => {
    const row = statements.head.get(stream);
    if (row === undefined) return NEW_STREAM;
    const head = { streamId: row[0], version: row[1] };
    committed.set(stream, head);
    return head;
  };
  return {
    begin: () => {
      const moved = new Map<string, Head>();
      return {
        of: (stream) => moved.get(stream) ?? committed.get(stream) ?? look(stream),
        move: (stream, head) => void moved.set(stream, head),
        publish: () => {
          for (const [stream, head] of moved) committed.set(stream, head);
        },
      };
    },
    forget: committed.clear,
  };
};
