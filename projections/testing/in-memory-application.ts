/** A whole application in memory: commands go in, rows come out, and process managers do their part in between. */
import { isLeft } from 'fp-ts/Either';
import type { Fields, RecordOf } from '../../domain/kernel/codec';
import type { CommandDefinition } from '../../domain/kernel/command-definition';
import type { Rejection } from '../../domain/kernel/decider';
import { streamName, type RecordedEvent } from '../../domain/kernel/recorded-event';
import { defaultSettings } from '../../domain/kernel/setting';
import type { Application } from '../application';
import { withFrozenInputs } from '../frozen-application';
import type { Row } from '../projection';
import { fail, shown } from './assertion';
import { followUps, passTime } from './follow-ups';
import { memoryProcesses } from './processes';
import { assertRows, memoryView, type MemoryView } from './rows';
import { manualClock, START_MS, type ManualClock } from './test-clock';
import { foldOf } from './test-aggregate';
import { aggregateOf, writingSide } from './writing-side';

/** Sends a command: by its definition, whose body is typed, or by its name. */
export interface Send<Result> {
  <F extends Fields>(
    category: string,
    id: string,
    command: CommandDefinition<string, F>,
    body: RecordOf<F>,
  ): Promise<Result>;
  (category: string, id: string, command: string, body: unknown): Promise<Result>;
}

/** An application in memory. Whatever it returns, all that follows from a command has happened by then. */
export interface InMemoryApplication {
  /**
   * Sends a command to an aggregate and runs everything that follows from it; returns the events that it caused itself. Rejects
   * with {@link CommandRejected} where the aggregate rejects it, and with the error of whatever code fails on the way.
   */
  readonly send: Send<ReadonlyArray<RecordedEvent>>;
  /** Sends a command that should be rejected; returns the rejection. Rejects with an AssertionError where it is accepted. */
  readonly rejectionOf: Send<Rejection>;
  /** Lets time pass, in milliseconds, and runs everything that follows from the deadlines that fall into it. */
  readonly passTime: (durationMs: number) => Promise<void>;
  /** The rows of a projection, in the order of the key. */
  readonly rows: (projection: string) => ReadonlyArray<Row>;
  /** Asserts the rows of a projection, as {@link testProjection} does. */
  readonly assertRows: (projection: string, ...rows: ReadonlyArray<Row>) => void;
  /** Every event in the order of the store, or those of one stream. */
  readonly events: (stream?: string) => ReadonlyArray<RecordedEvent>;
  /** The state of an aggregate. */
  readonly state: (category: string, id: string) => unknown;
  readonly clock: ManualClock;
}

/** An aggregate rejected a command. */
export class CommandRejected extends Error {
  override readonly name = 'CommandRejected';
  constructor(
    subject: string,
    readonly rejection: Rejection,
  ) {
    super(`${subject} is rejected as ${rejection.type}: ${rejection.message}`);
  }
}

/** What a test may choose. */
export interface InMemoryOptions {
  /** When the clock begins, in milliseconds since 1970. */
  readonly startMs?: number;
  /** Values of the application's own settings; the others have their defaults. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

/**
 * Starts an application in memory, on a clock that only the test moves. All of its code gets frozen inputs; effects are not called.
 *
 * @example
 * ```ts
 * const library = inMemoryApplication(application);
 * await library.send('loan', 'l1', 'lend', { memberId: 'm1', lentAt, desk: 'counter' });
 * await library.passTime(5_000);
 * library.assertRows('member-loans', { memberId: 'm1', open: 1, reminders: 1 });
 * ```
 */
export const inMemoryApplication = (
  declared: Application,
  { startMs = START_MS, settings = {} }: InMemoryOptions = {},
): InMemoryApplication => {
  const application = withFrozenInputs(declared);
  const clock = manualClock(startMs);
  const { submit, events } = writingSide(application, clock);
  const views = application.projections.map(memoryView);
  const managers = declared.processManagersWith({ ...defaultSettings(declared.settings), ...settings });
  const processes = managers.map((manager) => memoryProcesses(manager, clock));
  const follow = followUps({ submit, events, views, processes });
  const viewOf = (name: string): MemoryView => {
    const view = views.find(({ projection }) => projection.name === name);
    const names = views.map(({ projection }) => projection.name).join(', ');
    return view ?? fail(`the application ${declared.name} has no projection '${name}'; it has ${names}`);
  };
  const post = async (category: string, id: string, command: string | { readonly type: string }, body: unknown) => {
    const type = typeof command === 'string' ? command : command.type;
    const before = events().length;
    const requestId = clock.newId();
    const metadata = { correlationId: requestId, causationId: requestId, actor: 'test' };
    const outcome = await submit({ category, id, type, body, metadata });
    const caused = events().slice(before);
    await follow([]);
    return { subject: `'${type}' of ${streamName(category, id)}`, outcome, caused };
  };
  return {
    send: async (...sent: Parameters<typeof post>) => {
      const { subject, outcome, caused } = await post(...sent);
      if (isLeft(outcome)) throw new CommandRejected(subject, outcome.left);
      return caused;
    },
    rejectionOf: async (...sent: Parameters<typeof post>) => {
      const { subject, outcome, caused } = await post(...sent);
      return isLeft(outcome) ? outcome.left : fail(`${subject} is accepted; it causes ${shown(caused)}`);
    },
    passTime: (durationMs) => passTime(processes, clock, durationMs, follow),
    rows: (projection) => viewOf(projection).rows(),
    assertRows: (projection, ...rows) => assertRows(viewOf(projection), rows),
    events: (stream) => events().filter((event) => stream === undefined || event.stream === stream),
    state: (category, id) =>
      foldOf(
        aggregateOf(application, category),
        events().filter(({ stream }) => stream === streamName(category, id)),
      ).state,
    clock,
  };
};
