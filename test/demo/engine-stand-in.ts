/**
 * The engine without Kafka: the real API over the real SQLite store, the real process manager and the real projections,
 * with a loop in memory where relay, topics and consumer groups are otherwise. A test can lose or double events in it.
 */
import * as E from 'fp-ts/Either';
import { application } from '../../projections/fulfilment/application';
import { decodeEvent } from '../../domain/kernel/decode-event';
import { REACTORS_SCOPE } from '../../domain/kernel/event-store';
import type { CommandOutcome, ProcessCommand, ProcessInput } from '../../domain/kernel/process-manager';
import type { RecordedEvent } from '../../domain/kernel/recorded-event';
import { commandHandler } from '../../infra/commands/command-handler';
import type { HandleCommand } from '../../infra/commands/command-port';
import type { ViewDescription, ViewReader } from '../../projections/view-reader';
import { apiFixture } from '../api/api-fixture';
import { newFile, openStore } from '../infra/sqlite/store-fixture';
import { naiveRows } from './naive-rows';
import { ownClock } from '../support/test-clock';

const { catalog, processManagers, projections } = application;

export interface StandInOptions {
  /** How often the projections are shown an event: 1 where left out. */
  readonly shown?: (event: RecordedEvent) => number;
  /** Whether process managers learn the event. */
  readonly learned?: (event: RecordedEvent) => boolean;
  /** API keys that are asked for. */
  readonly keys?: ReadonlyArray<{ readonly name: string; readonly role: 'client' | 'operator'; readonly key: string }>;
}

export interface EngineStandIn {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

const PAGE = 500;
const IDLE_MS = 2;

/** Starts on a free port. */
export const startStandIn = async (options: StandInOptions = {}): Promise<EngineStandIn> => {
  const store = await openStore({ file: newFile() });
  const handleCommand = commandHandler({ store, catalog, stateCacheSize: 10_000 });
  const views = memoryViews();
  const { app } = apiFixture({ store, handleCommand, views: views.reader, apiKeys: options.keys ?? [] });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const address = app.server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port');

  const process = processInMemory(handleCommand);
  const decode = decodeEvent(catalog);
  let stopped = false;
  const loop = async (): Promise<void> => {
    let position = 0;
    while (!stopped) {
      const page = await store.readAll({ afterPosition: position, limit: PAGE })();
      if (E.isLeft(page)) throw new Error(page.left.reason);
      for (const { payload, ...envelope } of page.right) {
        const event = decode(envelope, JSON.parse(payload));
        if (E.isLeft(event)) throw new Error(event.left.reason);
        ({ position } = envelope);
        views.show(event.right, options.shown?.(event.right) ?? 1);
        if (options.learned?.(event.right) ?? true) await process(event.right);
      }
      if (page.right.length === 0) await ownClock.sleep(IDLE_MS);
    }
  };
  const running = loop();
  return {
    url: `http://127.0.0.1:${address.port}`,
    stop: async () => {
      stopped = true;
      await running;
      await app.close();
      await store.close();
    },
  };
};

// -------------------------------------------------------------------------------------
// The write side's consequences
// -------------------------------------------------------------------------------------

const processInMemory = (handleCommand: HandleCommand): ((event: RecordedEvent) => Promise<void>) => {
  const states = new Map<string, unknown>();
  const [manager] = processManagers;
  if (manager === undefined) throw new Error('there is no process manager');

  const learn = async (instance: string, input: ProcessInput): Promise<void> => {
    const step = manager.step(states.get(instance) ?? manager.initialState, input);
    states.set(instance, step.state);
    for (const command of step.commands) {
      await learn(instance, { _tag: 'Outcome', outcome: await carryOut(handleCommand, command) });
    }
  };
  return async (event) => {
    const instance = manager.instanceOf(event);
    if (instance !== undefined) await learn(instance, { _tag: 'Event', event });
  };
};

const carryOut = async (handleCommand: HandleCommand, command: ProcessCommand): Promise<CommandOutcome> => {
  const aggregate = catalog.byCategory(command.category);
  if (aggregate === undefined) throw new Error(`no aggregate has the category '${command.category}'`);
  const { correlationId, causationId } = command;
  const outcome = await handleCommand({
    aggregate,
    command: { type: command.type, id: command.aggregateId, data: command.data },
    metadata: { correlationId, causationId, actor: 'process' },
    idempotency: { scope: REACTORS_SCOPE, key: command.id, requestHash: JSON.stringify(command.data) },
    dryRun: false,
  })();
  if (E.isRight(outcome)) return { _tag: 'Accepted', command };
  if (outcome.left._tag !== 'Rejected') throw new Error(JSON.stringify(outcome.left));
  const { type: rejectionType, message } = outcome.left.rejection;
  return { _tag: 'Rejected', command, rejectionType, message };
};

// -------------------------------------------------------------------------------------
// The read side
// -------------------------------------------------------------------------------------

const memoryViews = (): {
  readonly reader: ViewReader;
  readonly show: (event: RecordedEvent, times: number) => void;
} => {
  const rows = new Map(projections.map((projection) => [projection.name, naiveRows(projection)]));
  const descriptions = projections.map((projection): ViewDescription => {
    const types = new Set(projection.handles.map(({ type }) => type));
    const topics = catalog.aggregates.filter(({ events }) => [...events.keys()].some((type) => types.has(type)));
    const columns = Object.entries({ ...projection.view.key, ...projection.view.columns });
    return {
      name: projection.name,
      version: projection.version,
      meaning: projection.meaning,
      key: Object.keys(projection.view.key),
      columns: columns.map(([name, column]) => ({ name, ...column })),
      indexes: [],
      topics: topics.map(({ topic }) => topic.name),
    };
  });
  let seen = 0;
  return {
    show: (event, times) => {
      for (const each of rows.values()) for (let time = 0; time < times; time += 1) each.apply(event);
      seen = event.position;
    },
    reader: {
      views: descriptions,
      list: (view, { limit, cursor }) => {
        const from = Number(cursor ?? 0);
        const all = rows.get(view)?.all() ?? [];
        const more = from + limit < all.length ? { nextCursor: String(from + limit) } : {};
        return E.right({ items: all.slice(from, from + limit), ...more });
      },
      find: (view, key) => rows.get(view)?.find(key),
      keysBehind: () => [],
      isQuarantined: () => false,
      hasSeen: (_view, { position }) => position <= seen,
      projections: () => [],
      groups: () => [],
      latestRebuilds: () => [],
      rebuild: () => undefined,
      offsetRequest: () => undefined,
      changeCounter: () => seen,
      close: () => {},
    },
  };
};
