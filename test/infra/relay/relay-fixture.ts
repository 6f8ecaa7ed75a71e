/** A store to publish from and a relay on a real broker. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { withTopicPrefix } from '../../../domain/kernel/topic-prefix';
import { application } from '../../../projections/fulfilment/application';
import type { Catalog } from '../../../domain/kernel/aggregate';
import { systemClock } from '../../../infra/clock';
import type { Configuration } from '../../../infra/configuration';
import type { EventLog } from '../../../infra/kafka/event-log';
import { openLog } from '../../../infra/broker/open-log';
import { silentLogger } from '../../../infra/logger';
import type { Role } from '../../../infra/running/role';
import { startRelay, type RelayOptions } from '../../../infra/relay/relay';
import { readRelayStatus, readSkipResult } from '../../../infra/sqlite/relay-file/relay-file';
import type { RelayStatus, SkipResult } from '../../../infra/relay/state/state';
import { openEventFeed } from '../../../infra/sqlite/event-feed';
import type { SqliteEventStore } from '../../../infra/sqlite/event-store';
import { openStore } from '../sqlite/store-fixture';
import { temporaryFolder } from '../sqlite/temporary-folder';

const { catalog: declared } = application;

export interface RelayWorld {
  readonly store: SqliteEventStore;
  readonly catalog: Catalog;
  readonly log: EventLog;
  readonly storeFile: string;
  readonly relayFile: string;
  /** Appends one event to each of the streams, in one transaction. */
  readonly append: (streams: ReadonlyArray<string>, payload?: unknown) => Promise<void>;
  readonly start: (options?: Partial<RelayOptions>) => Role;
  readonly status: () => RelayStatus | undefined;
  /** The result of an operator's request to skip an event. */
  readonly skipResult: (requestId: number) => SkipResult | undefined;
  readonly close: () => Promise<void>;
}

const kafka = (servers: string): Pick<Configuration, 'kafka'> => ({
  kafka: { brokers: servers, securityProtocol: 'plaintext' },
});

const folder = temporaryFolder();
let worlds = 0;

/** A new store, and topics of its own under the prefix. */
export const relayWorld = async (servers: string, prefix: string): Promise<RelayWorld> => {
  worlds += 1;
  const storeFile = join(folder, `store-${worlds}.sqlite`);
  const relayFile = join(folder, `relay-${worlds}.sqlite`);
  const catalog = withTopicPrefix(declared, prefix);
  const log = await openLog({ configuration: kafka(servers), clock: systemClock, logger: silentLogger });
  // Also events that no program would take any more: stores of former releases hold them.
  const store = await openStore({ file: storeFile, maxEventBytes: Infinity });
  const running: Role[] = [];
  return {
    store,
    catalog,
    log,
    storeFile,
    relayFile,
    append: async (streams, payload = { some: 'payload' }) => {
      const appended = await store.append({
        streams: streams.map((stream) => ({
          stream,
          expectedVersion: 'any',
          events: [{ type: 'StockReceived', schemaVersion: 1, data: payload }],
        })),
        metadata: { correlationId: 'c1', causationId: 'r1', actor: 'tester' },
      })();
      if (appended._tag === 'Left') throw new Error(appended.left._tag);
    },
    start: (options = {}) => {
      const relay = startRelay({
        log,
        catalog,
        clock: systemClock,
        logger: silentLogger,
        signal: new AbortController().signal,
        leaseTtlMs: 1_000,
        acceptNewLog: false,
        file: relayFile,
        outbox: () => openEventFeed(storeFile),
        cloudEventsMode: 'structured',
        schemaBaseUrl: 'http://schemas.example',
        ...options,
      });
      running.push(relay);
      return relay;
    },
    status: () => readRelayStatus(relayFile),
    skipResult: (requestId) => readSkipResult(relayFile, requestId),
    close: async () => {
      for (const relay of running) await relay.stop();
      await store.close();
      await log.close();
    },
  };
};

/** Waits until the relay's status is as wanted. */
export const statusWhere = async (
  world: RelayWorld,
  what: string,
  holds: (status: RelayStatus) => boolean,
  deadlineMs = 20_000,
): Promise<RelayStatus> => {
  const untilMs = systemClock.monotonicMs() + deadlineMs;
  let last: RelayStatus | undefined;
  while (systemClock.monotonicMs() < untilMs) {
    try {
      last = world.status();
    } catch {
      // The file is not there yet.
    }
    if (last !== undefined && holds(last)) return last;
    await delay(20);
  }
  throw new Error(`not within ${deadlineMs} ms: ${what}; the status was ${JSON.stringify(last)}`);
};
