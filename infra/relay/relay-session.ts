/** One session of the relay: from the look at what Kafka holds to the first fault, or to a reason to look again. */
import { destinationOf, type Destination } from '../kafka/cloud-events';
import { categoryOf, type StoredEvent } from '../../domain/kernel/recorded-event';
import { placeCheck, transactionFacts } from '../consumption/intake/intake';
import { countChanges, type ChangeCounter } from '../event-store/change-counter';
import { isBusy } from '../storage-fault';
import { FileReplaced } from '../sqlite/file-identity';
import { LeaseLost } from '../sqlite/lease';
import { otherStoreReason } from '../sqlite/store-identity';
import { blockedReason, retryBlocked } from './blocked-partitions';
import { historyRefusal, type EndRecord, type HistoryCause } from './published-history';
import { highestPositions, readEndRecords } from './published-positions';
import { openPublisher, type Publisher } from './publisher';
import { relayEncoder, type RelayContext } from './relay-context';
import type { RelayHoles } from './state/state';
import { takeSkipRequests } from './skip-requests';
import { topicDecision } from './topic-check';
import { byPartition, type PartitionMap, type ReadonlyPartitionMap, type TopicPartition } from '../topic-partition';

/** Kafka and the store contradict each other: going on would hide it. */
export class RelayHalted extends Error {
  override readonly name = 'RelayHalted';
  constructor(
    reason: string,
    readonly historyCause: HistoryCause | null = null,
  ) {
    super(reason);
  }
}

/**
 * Ends with the signal, or where the cursor was set back and Kafka has to be looked at again; throws the first fault. An older
 * producer may still deliver after the look, where its client could not be ended in time. That breaks no order: the broker
 * takes its records only in sequence, and each session sends a partition from what it holds without a gap, so whichever record
 * comes, all that stand before it in the partition are there; what comes twice lies below every consumer's mark.
 */
export const relaySession = async (running: RelayContext, onProgress: () => void): Promise<void> => {
  const { log, monitor, holes, reader, catalog } = running;
  await monitor.look();
  await refuseOtherStore(running);
  // After a fault it stays `retrying`, or `halted` for its topics, with the reason, until something has gone through.
  if (monitor.state() !== 'retrying' && monitor.state() !== 'halted') monitor.become('starting', null);
  const taken = holes.takeUpRoutable((category) => catalog.byCategory(category) !== undefined);
  if (taken.length > 0) running.logger.info({ categories: taken }, 'events that had no topic are published now');
  await settleTopics(running);
  const facts = transactionFacts(() => Promise.resolve(reader));
  const check = placeCheck(catalog, facts.store);
  const records = await readEndRecords(log, running.state.topics(), check, facts, running.clock);
  await refuseForeignLog(running, records);
  const positions = highestPositions(records);
  for (const one of holes.blocked()) if ((positions.get(one) ?? 0) >= one.position) holes.unblock(one);
  const blocked = byPartition<TopicPartition>(holes.blocked());
  const publisher = await openSessionPublisher(running, positions, blocked);
  try {
    await publish(running, publisher, onProgress);
  } finally {
    monitor.addCounts(publisher.counts());
    await publisher.close();
  }
};

const openSessionPublisher = (
  running: RelayContext,
  positions: ReadonlyPartitionMap<number>,
  blocked: PartitionMap<TopicPartition>,
): Promise<Publisher> => {
  const { log, clock, state, holes, reader, catalog, suspects, logger } = running;
  return openPublisher({
    log,
    clock,
    cursor: state.cursor(),
    destinationOf: routing(catalog),
    encode: relayEncoder(running),
    publishedPosition: (place) => positions.get(place) ?? 0,
    isBlocked: (place) => blocked.size > 0 && blocked.has(place),
    onHeld: holes.notePassedOver,
    isAlone: suspects.isSuspect,
    onRefused: ({ topic, partition }, event, why) => {
      const reason = `${event.id} at position ${event.position} can't be published: ${why}`;
      logger.error({ eventId: event.id, topic, partition, reason }, 'an event blocks its partition');
      holes.block({ topic, partition }, event, reason);
      blocked.set({ topic, partition }, { topic, partition });
    },
    onUnroutable: holes.noteUnroutable,
    readPage: reader.readAll,
  });
};

const routing = (catalog: RelayContext['catalog']) => {
  const destination = destinationOf(catalog);
  return ({ stream }: StoredEvent): Destination | undefined =>
    catalog.byCategory(categoryOf(stream)) === undefined ? undefined : destination(stream);
};

/** Makes the topics, compares them with those that the cursor counts on, and keeps where to go on. */
const settleTopics = async (running: RelayContext): Promise<void> => {
  const { log, catalog, state, acceptNewLog, logger, monitor, watch } = running;
  const declared = catalog.aggregates.map(({ topic }) => topic);
  const found = await log.ensureTopics(declared);
  monitor.topics(found);
  const decision = topicDecision({ declared, found, known: state.topics(), cursor: state.cursor(), acceptNewLog });
  if (decision._tag === 'Refuse') throw new RelayHalted(decision.reason);
  await watch.check();
  if (decision.note !== undefined) logger.info({ cursor: decision.cursor }, decision.note);
  state.saveTopics(found, decision.cursor);
};

/** What Kafka holds must be what the store says at that position: else they are not the same history. */
const refuseForeignLog = async (
  { reader, state, logger }: RelayContext,
  records: ReadonlyArray<EndRecord>,
): Promise<void> => {
  const { storeId } = reader.identity;
  const lastPosition = await reader.lastPosition();
  const refused = historyRefusal({ storeId, lastPosition, cursor: state.cursor(), records });
  if (refused !== undefined) throw new RelayHalted(refused.reason, refused.cause);
  const skipped = records.filter((record) => record.refused !== undefined);
  const [first] = skipped;
  if (first !== undefined)
    logger.warn({ records: skipped.length, first: first.id, reason: first.refused?.reason }, 'skipped in the log');
};

/** The relay's file has to be this store's, and behind it, as long as the relay runs. */
const refuseOtherStore = async ({ reader, state, file }: RelayContext): Promise<void> => {
  const { storeId } = reader.identity;
  const bound = state.bindTo(storeId);
  if (bound !== storeId) throw new RelayHalted(otherStoreReason(file, bound, storeId), 'other-store');
  const lastPosition = await reader.lastPosition();
  const refused = historyRefusal({ storeId, lastPosition, cursor: state.cursor(), records: [] });
  if (refused !== undefined) throw new RelayHalted(refused.reason, refused.cause);
};

// -------------------------------------------------------------------------------------
// Publishing
// -------------------------------------------------------------------------------------

/** A commit is to be on its way to Kafka so soon. */
const POLL_MS = 5;
const SAVE_INTERVAL_MS = 250;

const publish = async (running: RelayContext, publisher: Publisher, onProgress: () => void): Promise<void> => {
  const { reader, clock, stopping } = running;
  const changes = countChanges({ feed: reader, clock, signal: stopping, withinMs: POLL_MS });
  try {
    await publishChanges(running, publisher, changes, lookingAround(running, publisher, onProgress));
  } finally {
    changes.stop();
  }
};

const publishChanges = async (
  running: RelayContext,
  publisher: Publisher,
  changes: ChangeCounter,
  look: (hasReadAll: boolean) => Promise<boolean>,
): Promise<void> => {
  const { clock, stopping, lease, watch } = running;
  let seenVersion = -1;
  let lookedAtMs = -Infinity;
  let isOver = false;
  while (!stopping.aborted && !isOver) {
    watch.checkWhenDue();
    const version = changes.count();
    // A holder that was frozen does not know yet whether it was replaced: it sends nothing until its lease is renewed.
    const mayHaveNews = version !== seenVersion && lease.isFresh();
    if (mayHaveNews && (await takeSkipRequests(running))) break;
    const hasMore = mayHaveNews && (await publisher.pass(stopping));
    if (mayHaveNews && !hasMore) seenVersion = version;
    if (clock.monotonicMs() - lookedAtMs >= SAVE_INTERVAL_MS) {
      lookedAtMs = clock.monotonicMs();
      lease.assertInPlace();
      isOver = await look(version === seenVersion);
    }
    if (!hasMore) await wait(changes, publisher);
  }
  await publisher.flush();
  // A cursor that was set back meanwhile stays where it is.
  if (!stopping.aborted || isOver) return;
  await running.monitor.look().catch(() => undefined);
  saveWhatCanBe(running, publisher);
};

/** Saves how far it is, says how it stands, and tries what is blocked. Resolves to true where Kafka has to be looked at again. */
const lookingAround = (running: RelayContext, publisher: Publisher, onProgress: () => void) => {
  const startCursor = running.state.cursor();
  return async (hasReadAll: boolean): Promise<boolean> => {
    await running.monitor.look();
    saveWhatCanBe(running, publisher);
    await refuseOtherStore(running);
    const hasAdvanced = publisher.cursor() > startCursor;
    if (hasAdvanced) onProgress();
    running.suspects.passed(publisher.cursor());
    if (hasAdvanced || (hasReadAll && publisher.isSettled())) tellHealth(running);
    return retryBlocked(running);
  };
};

/** Something has gone through, or there is nothing to do. */
const tellHealth = ({ monitor, holes, suspects }: RelayContext): void => {
  if (suspects.isAny()) return;
  const blocked = holes.blocked();
  if (blocked.length === 0) monitor.become('running', unroutableReason(holes));
  else monitor.become('blocked', blockedReason(blocked));
};

const unroutableReason = (holes: RelayHoles): string | null => {
  const all = holes.unroutable();
  if (all.length === 0) return null;
  const events = all.reduce((sum, each) => sum + each.events, 0);
  const categories = all.map(({ category }) => category).join(', ');
  return `${events} events are not published, for this program has no aggregate for ${categories}: they follow once it has`;
};

const wait = async (changes: ChangeCounter, publisher: Publisher): Promise<void> => {
  publisher.throwFailure();
  await changes.next(POLL_MS);
};

/** A cursor that lags behind is safe, for Kafka tells what it holds: a full disk or a locked file must not stop the relay. */
const saveWhatCanBe = (running: RelayContext, publisher: Publisher): void => {
  try {
    saveProgress(running, publisher);
  } catch (error) {
    if (error instanceof LeaseLost || error instanceof FileReplaced) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    if (!isBusy(error)) running.logger.warn({ reason }, "the relay's cursor was not kept: it is tried again");
  }
};

const saveProgress = ({ state, holes, monitor }: RelayContext, publisher: Publisher): void => {
  const cursor = publisher.cursor();
  holes.keepPassedOver();
  if (cursor !== state.cursor()) state.saveCursor(cursor);
  monitor.report(publisher.counts());
};
