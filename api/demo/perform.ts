/** Performs all actions: in the order of business time, strictly sequentially within an order. */
import type { Clock } from '../../infra/clock';
import type { Action } from './action';
import type { ApiClient, CommandAnswer } from './api-client';
import { inFlight } from './in-flight';
import type { Model } from './model';
import { DemoStopped } from './patient-requests';

/** The results of the actions. */
export interface Performed {
  readonly posted: number;
  readonly accepted: number;
  /** Accepted without a change. */
  readonly unchanged: number;
  /** How often each reason occurred, by `<command>: <reason>`. */
  readonly refused: ReadonlyMap<string, number>;
  /** The last version of each stream that a response named. */
  readonly versions: ReadonlyMap<string, number>;
  /** The orders whose delivery was recorded now. */
  readonly delivered: ReadonlyArray<string>;
}

export interface PerformOptions {
  readonly client: ApiClient;
  readonly model: Model;
  /** Upper limit on concurrent commands. */
  readonly concurrency: number;
  readonly clock: Clock;
  /** How long a confirmation may take before the demonstration gives up. */
  readonly patienceMs: number;
  readonly onProgress: (done: number) => void;
}

/** How many actions per concurrent command may have started while an earlier one still waits for its confirmation. */
const WINDOW_FACTOR = 16;

/** Performs the actions, and passes each accepted one to the model. */
export const performAll = async (actions: ReadonlyArray<Action>, options: PerformOptions): Promise<Performed> => {
  const { client, model, concurrency, onProgress } = options;
  const confirmed = new Set<string>();
  const tally = { posted: 0, accepted: 0, unchanged: 0, refused: new Map<string, number>() };
  const versions = new Map<string, number>();
  const delivered: string[] = [];
  const requests = inFlight(concurrency);

  const perform = async (action: Action, hasFailed: () => boolean): Promise<void> => {
    if (needsConfirmation(action) && model.mustBeConfirmed(action.id) && !confirmed.has(action.id)) {
      await confirmation(action.id, options);
      confirmed.add(action.id);
    }
    const answer = await requests.run(async () => (hasFailed() ? undefined : client.perform(action)));
    if (answer === undefined) return;
    count(tally, action, answer);
    if (answer._tag === 'Accepted' && action.step._tag === 'Deliver') delivered.push(action.step.orderId);
    if (answer._tag !== 'Refused') {
      versions.set(answer.stream, Math.max(answer.version, versions.get(answer.stream) ?? 0));
      model.accept(action.step);
    }
    onProgress(tally.posted);
  };

  await inLanes(actions, concurrency * WINDOW_FACTOR, perform);
  return { ...tally, versions, delivered };
};

/**
 * Actions after a confirmation must wait for it: the process manager confirms asynchronously, and the result must not depend on
 * which came first.
 */
const needsConfirmation = ({ step }: Action): boolean =>
  step._tag === 'HandOver' || step._tag === 'Deliver' || step._tag === 'Cancel' || step._tag === 'DeclareUnavailable';

/** A confirmation is the second event of its order: the first one places it. */
const confirmation = async (orderId: string, { client, clock, patienceMs }: PerformOptions): Promise<void> => {
  const token = `order-${orderId}@2`;
  if (await client.awaitSeen('order-summary', [token], clock.monotonicMs() + patienceMs)) return;
  throw new DemoStopped(
    `order ${orderId} is reserved and paid, but no confirmation (${token}) arrived within ${Math.round(patienceMs / 1_000)} s: ` +
      'see /ops/relay and /ops/groups for the reason',
  );
};

const count = (
  tally: { posted: number; accepted: number; unchanged: number; readonly refused: Map<string, number> },
  { command }: Action,
  answer: CommandAnswer,
): void => {
  tally.posted += 1;
  switch (answer._tag) {
    case 'Accepted':
      tally.accepted += 1;
      return;
    case 'Unchanged':
      tally.unchanged += 1;
      return;
    case 'Refused': {
      const reason = `${command}: ${answer.reason}`;
      tally.refused.set(reason, (tally.refused.get(reason) ?? 0) + 1);
    }
  }
};

/** Starts the actions in order, at most `window` at a time, each after the earlier ones of its lanes. */
const inLanes = async (
  actions: ReadonlyArray<Action>,
  window: number,
  perform: (action: Action, hasFailed: () => boolean) => Promise<void>,
): Promise<void> => {
  const places = inFlight(window);
  const lanes = new Map<string, Promise<void>>();
  const failures: unknown[] = [];
  const hasFailed = (): boolean => failures.length > 0;
  for (const action of actions) {
    const before = [action.lane, ...action.after].flatMap((lane) => lanes.get(lane) ?? []);
    const done = places
      .run(async () => {
        // Earlier actions already have a slot or are done, so the wait always ends.
        await Promise.all(before);
        if (!hasFailed()) await perform(action, hasFailed);
      })
      .catch((error: unknown) => void failures.push(error));
    lanes.set(action.lane, done);
  }
  await Promise.all(lanes.values());
  if (hasFailed()) throw failures[0];
};
