/** What a consumer's file holds, in memory: rows are replaced and never changed, so that a copy of the tables is a snapshot. */
import type { Checkpoint, NotedOffsetMove, OffsetRequestStatus } from '../../consumption/checkpoints/checkpoints';
import type { FailedEvent } from '../../consumption/intake/intake';
import type { GroupStatus } from '../../consumption/status/status';
import type { AuditContext, FirstDeadLetter } from '../../dead-letters/store/store';
import type { FailedRequest, RedriveState } from '../../dead-letters/redrive/redrive';
import type { DeadlineRow, PendingCommand } from '../../reactors/processes/processes';

/** A dead letter as it was set aside, and what became of it. */
export interface LetterRow extends FirstDeadLetter {
  readonly failed: Omit<FailedEvent, 'origin'> & { readonly origin: Omit<FailedEvent['origin'], 'value'> };
  readonly value: Buffer | null;
  readonly fingerprint: string;
  readonly attempts: number;
  readonly owner: string | null;
  readonly logged: boolean;
  readonly failedAtMs: number;
}

export interface QuarantinedStream {
  readonly consumer: string;
  readonly stream: string;
  readonly letter: number;
  readonly fromPosition: number;
}

export interface ParkedRow {
  readonly consumer: string;
  readonly stream: string;
  readonly position: number;
  readonly eventId: string;
}

export interface CopyRow {
  readonly letter: number;
  readonly value: Buffer | null;
  readonly fault: string | null;
  readonly nextAttemptAtMs: number;
}

export interface RedriveRow {
  readonly id: number;
  readonly consumer: string;
  readonly actor: string;
  readonly ratePerSecond: number;
  readonly state: RedriveState;
  readonly events: number;
}

export interface RedriveKeyRow {
  readonly redrive: number;
  readonly seq: number;
  readonly letter: number;
  readonly state: 'waiting' | 'done' | 'failed' | 'gone';
}

/** Keys are texts, made of what makes a row the only one of its kind. */
export interface MemoryTables {
  readonly checkpoints: Map<string, Checkpoint & { readonly consumer: string }>;
  readonly statuses: Map<string, GroupStatus>;
  readonly offsetMoves: Map<string, NotedOffsetMove>;
  readonly offsetRequests: Map<number, OffsetRequestStatus & { readonly body: string; readonly actor: string }>;
  readonly letters: Map<number, LetterRow>;
  readonly audit: Map<
    string,
    AuditContext & { readonly letter: number; readonly action: string; readonly detail: string }
  >;
  readonly quarantined: Map<string, QuarantinedStream>;
  readonly parked: Map<string, ParkedRow>;
  readonly staleRows: Map<string, { readonly consumer: string; readonly stream: string; readonly row: string }>;
  readonly breakers: Map<string, string>;
  readonly copies: Map<number, CopyRow>;
  readonly copying: Map<string, string>;
  readonly redrives: Map<number, RedriveRow>;
  readonly redriveKeys: Map<string, RedriveKeyRow>;
  readonly failedRequests: Map<number, Omit<FailedRequest, 'failedAt'>>;
  readonly versions: Map<string, number>;
  readonly states: Map<string, string>;
  readonly deadlines: Map<
    string,
    DeadlineRow & { readonly process: string; readonly passed: boolean; readonly fault: string | null }
  >;
  readonly issued: Set<string>;
  readonly pending: Map<
    number,
    Omit<PendingCommand, 'process'> & { readonly process: string; readonly parked: boolean }
  >;
  /** The last number that was given out, by what is numbered. */
  readonly numbers: Map<'letter' | 'copy' | 'audit' | 'move' | 'command' | 'request', number>;
}

export const emptyTables = (): MemoryTables => ({
  checkpoints: new Map(),
  statuses: new Map(),
  offsetMoves: new Map(),
  offsetRequests: new Map(),
  letters: new Map(),
  audit: new Map(),
  quarantined: new Map(),
  parked: new Map(),
  staleRows: new Map(),
  breakers: new Map(),
  copies: new Map(),
  copying: new Map(),
  redrives: new Map(),
  redriveKeys: new Map(),
  failedRequests: new Map(),
  versions: new Map(),
  states: new Map(),
  deadlines: new Map(),
  issued: new Set(),
  pending: new Map(),
  numbers: new Map(),
});

/** The rows as they are now, for `restore`. */
export const snapshotOf = (tables: MemoryTables): MemoryTables => {
  const copy = Object.entries(tables).map(([name, table]: [string, Map<unknown, unknown> | Set<unknown>]) => [
    name,
    table instanceof Set ? new Set(table) : new Map(table),
  ]);
  // The same names with tables of the same kinds.
  return Object.fromEntries(copy) as MemoryTables;
};

/** Puts the rows of a snapshot back. */
export const restore = (tables: MemoryTables, snapshot: MemoryTables): void => {
  for (const name of Object.keys(tables) as (keyof MemoryTables)[]) {
    const table: Map<unknown, unknown> | Set<unknown> = tables[name];
    const before: Map<unknown, unknown> | Set<unknown> = snapshot[name];
    table.clear();
    if (table instanceof Set) for (const item of before.keys()) table.add(item);
    else for (const [key, row] of before.entries()) table.set(key, row);
  }
};

/** The next number of a kind, from 1 on. */
export const nextNumber = ({ numbers }: MemoryTables, of: Parameters<MemoryTables['numbers']['get']>[0]): number => {
  const next = (numbers.get(of) ?? 0) + 1;
  numbers.set(of, next);
  return next;
};

/** A key of several parts. */
export const keyOf = (...parts: ReadonlyArray<string | number>): string => JSON.stringify(parts);

/** Removes the rows for which `isMeant`. */
export const removeWhere = <Key, Row>(table: Map<Key, Row>, isMeant: (row: Row) => boolean): void => {
  for (const [key, row] of table) if (isMeant(row)) table.delete(key);
};
