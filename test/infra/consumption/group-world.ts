/** Consumer groups on a real broker, for their tests. */
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { systemClock } from '../../../infra/clock';
import type { ConsumerGroup, ConsumerGroupOptions } from '../../../infra/consumption/loop/consumer-group';
import { startConsumerGroup } from '../../../infra/consumption/loop/start-consumer-group';
import { silentLogger } from '../../../infra/logger';
import { openEventReader } from '../../../infra/sqlite/event-feed';
import { eventually } from '../../support/server';
import { relayWorld, statusWhere, type RelayWorld } from '../relay/relay-fixture';
import { temporaryFolder } from '../sqlite/temporary-folder';
import { tallyHandler, type Tally, type TallyOptions } from './tally-handler';

const folder = temporaryFolder();
let files = 0;

/** A store, its relay and consumer groups that count what they apply, each over a file of its own. */
export interface GroupWorld extends RelayWorld {
  readonly file: string;
  readonly open: (options?: TallyOptions) => Tally;
  readonly run: (tally: Tally, options?: Partial<ConsumerGroupOptions>) => ConsumerGroup;
  /** Appends events and waits until Kafka has them. */
  readonly publish: (count: number) => Promise<void>;
}

/** What each event says. */
export const payload = { sku: 's', receiptId: 'r', quantity: 1, receivedAt: '2018-01-01T00:00:00Z' };

/** A new world whose relay does not run yet. */
export const groupWorld = async (servers: string, prefix: string): Promise<GroupWorld> => {
  const world = await relayWorld(servers, prefix);
  const reader = openEventReader(world.storeFile);
  files += 1;
  const file = join(folder, `tally-${files}.sqlite`);
  const groups: ConsumerGroup[] = [];
  const tallies: Tally[] = [];
  return {
    ...world,
    file,
    open: (options) => {
      const tally = tallyHandler(file, world.catalog, reader, options);
      tallies.push(tally);
      return tally;
    },
    run: (tally, options = {}) => {
      const group = startConsumerGroup({
        log: world.log,
        handler: tally,
        topics: world.catalog.aggregates.map(({ topic }) => topic),
        clock: systemClock,
        logger: silentLogger,
        acceptNewLog: false,
        storeLastPosition: async () => Promise.resolve(reader.lastPosition()),
        ...options,
      });
      groups.push(group);
      return group;
    },
    publish: async (count) => {
      await world.append(
        Array.from({ length: count }, (_, index) => `stock-s${index}`),
        payload,
      );
      const last = reader.lastPosition();
      await statusWhere(world, 'all is published', ({ cursor }) => cursor >= last);
    },
    close: async () => {
      for (const group of groups) await group.stop();
      for (const tally of tallies) tally.database.close();
      reader.close();
      await world.close();
    },
  };
};

/** Waits until so many events are applied, and holds each to one application. */
export const countsAre = async (tally: Tally, events: number): Promise<void> => {
  await eventually(`${events} events are applied`, async () => Promise.resolve(tally.counts().size === events));
  for (const [id, count] of tally.counts()) assert.is(count, 1, `${id} was applied ${count} times`);
};

/** Waits for a state of the group. */
export const stateIs = async (group: ConsumerGroup, state: string): Promise<void> =>
  eventually(`the group is ${state}`, async () => Promise.resolve(group.status().state === state));
