/** A store, a relay and groups of whatever code on topics of their own. */
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Catalog } from '../../../domain/kernel/aggregate';
import type { NewEvent } from '../../../domain/kernel/event-store';
import { systemClock } from '../../../infra/clock';
import type { ConsumerGroup } from '../../../infra/consumption/loop/consumer-group';
import { startConsumerGroup } from '../../../infra/consumption/loop/start-consumer-group';
import type { StoreFacts } from '../../../infra/consumption/intake/store-facts';
import type { LogRecord } from '../../../infra/kafka/event-log';
import { silentLogger } from '../../../infra/logger';
import { openEventReader, type EventReader } from '../../../infra/sqlite/event-feed';
import { eventually } from '../../support/server';
import { tallyHandler, type Tally } from '../consumption/tally-handler';
import { relayWorld, statusWhere, type RelayWorld } from '../relay/relay-fixture';
import { temporaryFolder } from '../sqlite/temporary-folder';

export interface ContractWorld extends RelayWorld {
  readonly reader: EventReader;
  /** Starts a group that knows this catalog. */
  readonly consumer: (name: string, catalog: Catalog, facts?: Partial<StoreFacts>) => Tally;
  /** Appends one event a stream and waits until Kafka has them. */
  readonly publish: (streams: Readonly<Record<string, NewEvent>>) => Promise<void>;
  readonly stopGroups: () => Promise<void>;
  /** Every record of the topics. */
  readonly records: () => Promise<ReadonlyArray<LogRecord>>;
}

/** A new world on the broker. */
export const contractWorld = async (servers: string, prefix: string): Promise<ContractWorld> => {
  const world = await relayWorld(servers, prefix);
  const reader = openEventReader(world.storeFile);
  const folder = temporaryFolder();
  const groups: ConsumerGroup[] = [];
  const tallies: Tally[] = [];
  return {
    ...world,
    reader,
    consumer: (name, catalog, facts = {}) => {
      const tally = tallyHandler(join(folder, `${name}.sqlite`), catalog, { ...reader, ...facts });
      tallies.push(tally);
      groups.push(
        startConsumerGroup({
          log: world.log,
          handler: tally,
          topics: catalog.aggregates.map(({ topic }) => topic),
          clock: systemClock,
          logger: silentLogger,
          acceptNewLog: false,
          storeLastPosition: async () => Promise.resolve(reader.lastPosition()),
        }),
      );
      return tally;
    },
    publish: async (streams) => {
      const appended = await world.store.append({
        streams: Object.entries(streams).map(([stream, event]) => ({
          stream,
          expectedVersion: 'any',
          events: [event],
        })),
        metadata: { correlationId: 'c1', causationId: 'r1', actor: 'tester' },
      })();
      assert.is(appended._tag, 'Right');
      const last = reader.lastPosition();
      await statusWhere(world, 'all is published', ({ cursor }) => cursor >= last);
    },
    stopGroups: async () => {
      for (const group of groups.splice(0)) await group.stop();
    },
    records: () => recordsOf(world),
    close: async () => {
      for (const group of groups) await group.stop();
      for (const { database } of tallies) if (database.open) database.close();
      reader.close();
      await world.close();
    },
  };
};

/** Waits until the events are applied. */
export const reached = async (tally: Tally, ...ids: ReadonlyArray<string>): Promise<void> =>
  eventually(`${ids.join(', ')} are applied`, async () => Promise.resolve(ids.every((id) => tally.counts().has(id))));

const recordsOf = async ({ log, catalog }: RelayWorld): Promise<ReadonlyArray<LogRecord>> => {
  const consumer = await log.openConsumer('contract-probe');
  try {
    const partitions = catalog.aggregates.flatMap(({ topic }) =>
      Array.from({ length: topic.partitions }, (_, partition) => ({ topic: topic.name, partition, offset: 0 })),
    );
    let count = 0;
    for (const { topic, partition } of partitions) count += (await consumer.watermarks(topic, partition)).high;
    consumer.assign(partitions);
    const records: LogRecord[] = [];
    while (records.length < count) records.push(...(await consumer.poll(100)));
    return records;
  } finally {
    await consumer.close();
  }
};
