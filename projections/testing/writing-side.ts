/** The writing side of an application in memory: commands are handled by the engine's own handler, on a store in memory. */
import { isLeft, isRight, type Either } from 'fp-ts/Either';
import type { Aggregate } from '../../domain/kernel/aggregate';
import { InvalidDeclaration } from '../../domain/kernel/declarations';
import { decodeEvent } from '../../domain/kernel/decode-event';
import type { Rejection } from '../../domain/kernel/decider';
import type { AppendMetadata, ScopedKey } from '../../domain/kernel/event-store';
import type { RecordedEvent, StoredEvent } from '../../domain/kernel/recorded-event';
import { commandHandler } from '../../infra/commands/command-handler';
import type { CommandFailure, CommandResult } from '../../infra/commands/command-port';
import { inMemoryEventStore } from '../../infra/memory/in-memory-event-store';
import type { Application } from '../application';
import { shown } from './assertion';
import type { ManualClock } from './test-clock';
import { bodyOf } from './test-aggregate';

/** A command with all that comes beside it. */
export interface Submitted {
  readonly category: string;
  readonly id: string;
  readonly type: string;
  readonly body: unknown;
  readonly metadata: AppendMetadata;
  readonly idempotency?: ScopedKey & { readonly requestHash: string };
}

/** Handles a command; a failure that is no rejection throws. */
export type Submit = (submitted: Submitted) => Promise<Either<Rejection, CommandResult>>;

export interface WritingSide {
  readonly submit: Submit;
  /** Every event, as the contracts of today read it. */
  readonly events: () => ReadonlyArray<RecordedEvent>;
}

const CACHED_STATES = 1_000;

/** An empty store, and what handles commands on it. */
export const writingSide = (application: Application, clock: ManualClock): WritingSide => {
  const { catalog } = application;
  const store = inMemoryEventStore({ clock });
  const handle = commandHandler({ store, catalog, stateCacheSize: CACHED_STATES });
  const decode = decodeEvent(catalog);
  const read: RecordedEvent[] = [];
  const decoded = ({ payload, ...envelope }: StoredEvent): RecordedEvent => {
    const event = decode(envelope, JSON.parse(payload));
    if (isRight(event)) return event.right;
    throw new InvalidDeclaration(`${envelope.type} (${envelope.id}) cannot be read again: ${event.left.reason}`);
  };
  return {
    submit: async ({ category, id, type, body, metadata, idempotency }) => {
      const aggregate = aggregateOf(application, category);
      const command = { type, id, data: bodyOf(aggregate, type, body) };
      const request = { aggregate, command, metadata, dryRun: false };
      const handled = await handle(idempotency === undefined ? request : { ...request, idempotency })();
      return isLeft(handled) ? { _tag: 'Left', left: rejectionIn(handled.left) } : handled;
    },
    events: () => {
      read.push(...store.events().slice(read.length).map(decoded));
      return read;
    },
  };
};

/** Throws where the failure is none of the aggregate's. */
const rejectionIn = (failure: CommandFailure): Rejection => {
  if (failure._tag === 'Rejected') return failure.rejection;
  throw new Error(`the command failed: ${shown(failure)}`);
};

/** The aggregate of a category. Throws InvalidDeclaration where there is none. */
export const aggregateOf = (application: Application, category: string): Aggregate => {
  const found = application.catalog.byCategory(category);
  if (found !== undefined) return found;
  const names = application.catalog.aggregates.map((each) => each.category).join(', ');
  throw new InvalidDeclaration(
    `the application ${application.name} has no aggregate of the category '${category}'; it has ${names}. Is it registered in defineApplication?`,
  );
};
