/** Writes a group of appends in one transaction. Each is checked before anything of it is inserted, so each fails alone. */
import * as E from 'fp-ts/Either';
import type { AppendFailure, RequestOutcome } from '../../domain/kernel/event-store';
import type { EventEnvelope } from '../../domain/kernel/recorded-event';
import { isoTime, type Clock } from '../clock';
import {
  conflictOf,
  envelopesOf,
  outcomeOf,
  type PreparedAppend,
  type PreparedStream,
} from '../event-store/append-rules';
import { boundedCache } from '../cache/bounded-cache';
import type { Database } from './database';
import type { Lease } from './lease';
import type { RememberedAnswers } from './remembered-answers';
import type { StoreStatements } from './store-statements';

/** What came of one append: an answer for its caller, or a defect of the caller's own (its outcome threw). */
export type Settlement =
  | { readonly _tag: 'Answered'; readonly answer: E.Either<AppendFailure, ReadonlyArray<EventEnvelope>> }
  | { readonly _tag: 'Threw'; readonly error: Error };

/** One settlement for each append, in order, durable when the call returns. Throws where nothing was written. */
export type WriteGroup = (group: ReadonlyArray<PreparedAppend>) => ReadonlyArray<Settlement>;

/** The group's transaction so far. */
interface Transaction {
  readonly heads: TransactionVersions;
  readonly recordedAtMs: number;
  readonly recordedAt: string;
  lastPosition: number;
}

/** A writer over a file that this process holds by `lease`. */
export const storeWriter = (
  database: Database,
  statements: StoreStatements,
  lease: Lease,
  clock: Clock,
  answers: RememberedAnswers,
): WriteGroup => {
  const heads = streamVersions(statements);
  const writeAll = database.transaction(
    (group: ReadonlyArray<PreparedAppend>, transactionHeads: TransactionVersions) => {
      lease.assertHeld();
      const recordedAtMs = clock.nowMs();
      const transaction: Transaction = {
        heads: transactionHeads,
        recordedAtMs,
        recordedAt: isoTime(recordedAtMs),
        lastPosition: statements.lastPosition.get() ?? 0,
      };
      return group.map((append) => writeOne(statements, answers, transaction, append));
    },
  );
  return (group) => {
    const transactionHeads = heads.begin();
    try {
      const settlements = writeAll.immediate(group, transactionHeads);
      transactionHeads.publish();
      return settlements;
    } catch (error) {
      heads.forget();
      throw error;
    }
  };
};

const writeOne = (
  statements: StoreStatements,
  answers: RememberedAnswers,
  transaction: Transaction,
  append: PreparedAppend,
): Settlement => {
  const plan = planOf(transaction, append);
  if (plan._tag !== 'Plan') return plan;
  if (plan.outcome !== undefined) {
    const { scope, key } = plan.outcome;
    const isRemembered = answers.remember(plan.outcome, transaction.recordedAtMs);
    if (!isRemembered) return answered(E.left({ _tag: 'OutcomeAlreadyRecorded', scope, key }));
  }
  for (const { stream, head } of plan.targets) insertEvents(statements, transaction, append, stream, head);
  return answered(E.right(plan.envelopes));
};

const answered = (answer: E.Either<AppendFailure, ReadonlyArray<EventEnvelope>>): Settlement => ({
  _tag: 'Answered',
  answer,
});

/** What an append that may go through comes to. */
interface Plan {
  readonly _tag: 'Plan';
  readonly targets: ReadonlyArray<{ readonly stream: PreparedStream; readonly head: Head }>;
  readonly envelopes: ReadonlyArray<EventEnvelope>;
  readonly outcome: RequestOutcome | undefined;
}

const planOf = ({ heads, recordedAt, lastPosition }: Transaction, append: PreparedAppend): Plan | Settlement => {
  const targets: { stream: PreparedStream; head: Head }[] = [];
  const envelopes: EventEnvelope[] = [];
  for (const stream of append.streams) {
    const head = heads.of(stream.stream);
    const conflict = conflictOf(stream, head.version);
    if (conflict !== undefined) return answered(E.left(conflict));
    const from = { version: head.version, position: lastPosition + envelopes.length, recordedAt };
    envelopes.push(...envelopesOf(stream, append.metadata, from));
    targets.push({ stream, head });
  }
  try {
    return { _tag: 'Plan', targets, envelopes, outcome: outcomeOf(append, envelopes) };
  } catch (error) {
    return { _tag: 'Threw', error: error instanceof Error ? error : new Error(String(error)) };
  }
};

const insertEvents = (
  { insertStream, insertEvent }: StoreStatements,
  transaction: Transaction,
  { metadata }: PreparedAppend,
  { stream, events }: PreparedStream,
  head: Head,
): void => {
  if (events.length === 0) return;
  const streamId = head.streamId > 0 ? head.streamId : Number(insertStream.run(stream).lastInsertRowid);
  const { correlationId, causationId, actor, traceparent = null } = metadata;
  let { version } = head;
  for (const { type, schemaVersion, payload } of events) {
    version += 1;
    transaction.lastPosition += 1;
    insertEvent.run(
      transaction.lastPosition,
      streamId,
      version,
      type,
      schemaVersion,
      transaction.recordedAtMs,
      correlationId,
      causationId,
      actor,
      traceparent,
      payload,
    );
  }
  transaction.heads.move(stream, { streamId, version });
};

// -------------------------------------------------------------------------------------
// Where streams end: remembered from commit to commit, so that most appends need not look
// -------------------------------------------------------------------------------------

/** A stream's integer (0 for one that is not created yet) and its last version. */
interface Head {
  readonly streamId: number;
  readonly version: number;
}

/** The heads as one transaction sees them: what it has moved itself, before what is committed. */
interface TransactionVersions {
  readonly of: (stream: string) => Head;
  readonly move: (stream: string, head: Head) => void;
  /** Call after the commit, and only then: later transactions go by it. */
  readonly publish: () => void;
}

interface StreamVersions {
  readonly begin: () => TransactionVersions;
  /** Call when a transaction failed: the file knows better than any memory of it. */
  readonly forget: () => void;
}

const REMEMBERED_STREAMS = 20_000;
const NEW_STREAM: Head = { streamId: 0, version: 0 };

/** Right as long as this process is the file's one writer. */
const streamVersions = (statements: StoreStatements): StreamVersions => {
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
