/** `tidemark store`: shows the store's id and how far each stage has read it, and starts a new history. */
import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { withTopicPrefix } from '../../domain/kernel/topic-prefix';
import { systemClock } from '../../infra/clock';
import type { Configuration } from '../../infra/configuration';
import { TopicMissing, type EventLog } from '../../infra/kafka/event-log';
import { openLog } from '../../infra/broker/open-log';
import { silentLogger } from '../../infra/logger';
import { readRelayStatus } from '../../infra/sqlite/relay-file/relay-file';
import { openEventFeed } from '../../infra/sqlite/event-feed';
import { beginNewHistory, NewHistoryRefused } from '../../infra/history/new-history';
import { storeStanding, type StoreStanding } from '../../infra/history/store-standing';
import type { Application } from '../../projections/application';
import { dataFiles } from '../program/data-files';

export interface StoreOutput {
  readonly json: boolean;
  readonly print: (line: string) => void;
}

/** Returns the exit status: 0 if store and stages belong together. */
export const showStore = async (configuration: Configuration, { json, print }: StoreOutput): Promise<number> => {
  const standing = await readStanding(configuration);
  if (json) print(JSON.stringify(standing));
  else for (const line of standingLines(standing)) print(line);
  return standing.verdict === 'fits' ? 0 : 1;
};

const readStanding = async ({ dataDirectory }: Configuration): Promise<StoreStanding> => {
  const files = dataFiles(dataDirectory);
  const store = await openEventFeed(files.store);
  try {
    return withRelayCause(await storeStanding(files, store.identity.storeId, store.lastPosition), files.relay);
  } finally {
    await store.close();
  }
};

/** The relay may have found a mismatch at the ends of the topics that the files do not show. */
const withRelayCause = (standing: StoreStanding, relayFile: string): StoreStanding => {
  const relay = standing.verdict === 'fits' && existsSync(relayFile) ? readRelayStatus(relayFile) : undefined;
  if (relay?.state !== 'halted' || relay.cause === null) return standing;
  return { ...standing, verdict: relay.cause, reason: relay.reason };
};

const standingLines = ({ storeId, lastPosition, stages, reason }: StoreStanding): ReadonlyArray<string> => [
  `store     ${storeId}, events up to position ${lastPosition}`,
  ...stages.map(({ name, file, storeId: belongsTo, mark }) => {
    if (!existsSync(file)) return `${name.padEnd(10)}${file} does not exist`;
    const whose = belongsTo === undefined ? 'belongs to no store yet' : `belongs to ${belongsTo}`;
    return `${name.padEnd(10)}${whose}, ${mark === undefined ? 'has read nothing' : `${mark.who} is at position ${mark.position}`}`;
  }),
  reason === null ? 'everything fits' : `does not fit: ${reason}`,
];

/** Prints the plan; carries it out if the store's present id is confirmed. */
export const newHistory = async (
  { catalog }: Application,
  configuration: Configuration,
  confirmed: string | undefined,
  { json, print }: StoreOutput,
): Promise<number> => {
  const { dataDirectory, topicPrefix, leaseTtlMs, kafka } = configuration;
  const files = dataFiles(dataDirectory);
  const standing = await readStanding(configuration);
  const stages = [files.relay, files.views, files.reactors];
  const topics = withTopicPrefix(catalog, topicPrefix).aggregates.map(({ topic }) => topic.name);
  const unfit = kafka === undefined ? undefined : await filledTopics(configuration, topics);
  if (!json) for (const line of standingLines(standing)) print(line);
  if (confirmed === undefined) {
    const plan = { storeId: standing.storeId, lastPosition: standing.lastPosition, moved: stages, topics, unfit };
    for (const line of json ? [JSON.stringify({ plan })] : planLines(standing, stages, topics, unfit)) print(line);
    return 0;
  }
  if (unfit !== undefined) throw new NewHistoryRefused(`${unfit}. Nothing was changed`);
  const actor = `${userInfo().username} at the command line`;
  const { identity, moved } = await beginNewHistory({
    store: files.store,
    stages,
    confirmed,
    actor,
    clock: systemClock,
    leaseTtlMs,
  });
  if (json) print(JSON.stringify({ storeId: identity.storeId, moved }));
  else {
    print(`the store is ${identity.storeId} from now on`);
    for (const { from, to } of moved) print(`${from} is now ${to}`);
    print(`start the roles with the same settings: everything is published to ${topics.join(', ')}, and read again`);
  }
  return 0;
};

const planLines = (
  { storeId, lastPosition }: StoreStanding,
  stages: ReadonlyArray<string>,
  topics: ReadonlyArray<string>,
  unfit: string | undefined,
): ReadonlyArray<string> => [
  '',
  'The plan of a new history; nothing has been changed yet:',
  `1. The store keeps its ${lastPosition} events and gets a new id. What was published under ${storeId} belongs to another store from then on.`,
  `2. Renamed, with the time in the name: ${stages.filter((each) => existsSync(each)).join(', ') || 'nothing'}.`,
  `3. At the next start everything is published to ${topics.join(', ')} (KAFKA_TOPIC_PREFIX sets their names), the views are`,
  '   rebuilt, and the process managers process every event again. Their commands carry the same idempotency keys as',
  '   before, and get the same responses if the store still remembers them, so they have no effect a second time.',
  ...(unfit === undefined ? [] : [`   Not yet possible: ${unfit}.`]),
  '',
  'The other way, where a newer copy of the store exists: stop all roles, put that file in place, and start again.',
  `To go this way, stop all roles, then: npx tidemark store new-history --confirm ${storeId}`,
];

/** Returns why the topics can't be used: a new history needs empty topics. */
const filledTopics = async (
  configuration: Configuration,
  topics: ReadonlyArray<string>,
): Promise<string | undefined> => {
  const log = await openLog({ configuration, clock: systemClock, logger: silentLogger });
  try {
    for (const topic of topics) {
      if (!(await isEmpty(log, topic)))
        return `the topic ${topic} is not empty: set KAFKA_TOPIC_PREFIX to an unused prefix, here and for every role`;
    }
    return undefined;
  } finally {
    await log.close();
  }
};

const isEmpty = async (log: EventLog, name: string): Promise<boolean> => {
  const consumer = await log.openConsumer('tidemark-store');
  try {
    for (const { topic, partitions } of await log.describe([name])) {
      for (let partition = 0; partition < partitions; partition += 1) {
        if ((await consumer.watermarks(topic, partition)).high > 0) return false;
      }
    }
    return true;
  } catch (error) {
    if (error instanceof TopicMissing) return true;
    throw error;
  } finally {
    await consumer.close();
  }
};
