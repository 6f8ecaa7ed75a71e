/** One session of the relay: from reading what Kafka has to the first fault, or to a reason to read it again. */
import { destinationOf, type Destination } from '../kafka/cloud-events';
import { categoryOf, type StoredEvent } from '../../domain/kernel/recorded-event';
import { placeCheck, transactionFacts } from '../consumption/intake/intake';
import { countChanges, type ChangeCounter } from '../event-store/change-counter';
import { eventFields } from '../log-fields';
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

/** Kafka and the store contradict each other, which publishing further events would hide. */
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
 * Ends when the signal aborts, or where the cursor was set back and Kafka has to be read again; throws the first fault. The
 * producer of an earlier session may still deliver records after Kafka was read, if its client could not be closed in time. That
 * does not break the order: the broker accepts its records only in sequence, and each session continues a partition without a gap,
 * so every record follows all earlier ones; a record that is delivered twice is at or below every consumer's high-water position.
 */
export const relaySession = async (running: RelayContext, onProgress: () => void): Promise<void> => {
  const { log, monitor, holes, reader, catalog } = running;
  await monitor.readStoreEnd();
  await assertOwnStore(running);
  // After a fault it stays `retrying`, or `halted` for its topics, with the reason, until an event was acknowledged.
  if (monitor.state() !== 'retrying' && monitor.state() !== 'halted') monitor.setState('starting', null);
  const categories = holes.resumeRoutable((category) => catalog.byCategory(category) !== undefined);
  if (categories.length > 0) running.logger.info({ categories }, 'events that had no topic are published now');
  await ensureTopics(running);
  const facts = transactionFacts(() => Promise.resolve(reader));
  const check = placeCheck(catalog, facts.store);
  const records = await readEndRecords(log, running.state.topics(), check, facts, running.clock);
  await assertOwnLog(running, records);
  const positions = highestPositions(records);
  for (const one of holes.blocked()) if ((positions.get(one) ?? 0) >= one.position) holes.unblock(one);
  const blocked = byPartition<TopicPartition>(holes.blocked());
  const publisher = await openSessionPublisher(running, positions, blocked);
  try {
    await publish(running, publisher, onProgress);
  } finally {
    monitor.addCounts(publisher.counts());
    running.heartbeats.producerClosed();
    await publisher.close();
  }
};

const openSessionPublisher = (
  running: RelayContext,
  positions: ReadonlyPartitionMap<number>,
  blocked: PartitionMap<TopicPartition>,
): Promise<Publisher> => {
  const { log, clock, state, holes, reader, catalog, suspects, logger, heartbeats } = running;
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
    onRejected: ({ topic, partition }, event, why) => {
      const reason = `${event.id} at position ${event.position} can't be published: ${why}`;
      logger.error({ ...eventFields(event), topic, partition, reason }, 'an event blocks its partition');
      holes.block({ topic, partition }, event, reason);
      blocked.set({ topic, partition }, { topic, partition });
    },
    onUnroutable: holes.noteUnroutable,
    readPage: reader.readAll,
    onHeartbeat: heartbeats.acknowledged,
  });
};

const routing = (catalog: RelayContext['catalog']) => {
  const destination = destinationOf(catalog);
  return ({ stream }: StoredEvent): Destination | undefined =>
    catalog.byCategory(categoryOf(stream)) === undefined ? undefined : destination(stream);
};

/** Creates missing topics, compares all with those that the cursor refers to, and saves where to continue. */
const ensureTopics = async (running: RelayContext): Promise<void> => {
  const { log, catalog, state, acceptNewLog, logger, monitor, watch } = running;
  const declared = catalog.aggregates.map(({ topic }) => topic);
  const found = await log.ensureTopics(declared);
  monitor.setTopics(found);
  const decision = topicDecision({ declared, found, known: state.topics(), cursor: state.cursor(), acceptNewLog });
  if (decision._tag === 'Refuse') throw new RelayHalted(decision.reason);
  await watch.check();
  if (decision.note !== undefined) logger.info({ cursor: decision.cursor }, decision.note);
  state.saveTopics(found, decision.cursor);
};

/** The events in Kafka must be those of the store at their positions. Throws RelayHalted where the histories differ. */
const assertOwnLog = async (
  { reader, state, logger }: RelayContext,
  records: ReadonlyArray<EndRecord>,
): Promise<void> => {
  const { storeId } = reader.identity;
  const lastPosition = await reader.lastPosition();
  const refusal = historyRefusal({ storeId, lastPosition, cursor: state.cursor(), records });
  if (refusal !== undefined) throw new RelayHalted(refusal.reason, refusal.cause);
  const skipped = records.filter((record) => record.refused !== undefined);
  const [first] = skipped;
  if (first !== undefined)
    logger.warn(
      {
        records: skipped.length,
        first: first.id,
        topic: first.topic,
        partition: first.partition,
        reason: first.refused?.reason,
      },
      'foreign records in the log',
    );
};

/** The relay's file has to belong to this store, and its cursor must not be beyond the store's end. Throws RelayHalted. */
const assertOwnStore = async ({ reader, state, file }: RelayContext): Promise<void> => {
  const { storeId } = reader.identity;
  const bound = state.bindTo(storeId);
  if (bound !== storeId) throw new RelayHalted(otherStoreReason(file, bound, storeId), 'other-store');
  const lastPosition = await reader.lastPosition();
  const refusal = historyRefusal({ storeId, lastPosition, cursor: state.cursor(), records: [] });
  if (refusal !== undefined) throw new RelayHalted(refusal.reason, refusal.cause);
};

// -------------------------------------------------------------------------------------
// Publishing
// -------------------------------------------------------------------------------------

/** How soon after its commit an event is sent at the latest. */
const POLL_MS = 5;
const SAVE_INTERVAL_MS = 250;

const publish = async (running: RelayContext, publisher: Publisher, onProgress: () => void): Promise<void> => {
  const { reader, clock, stopping } = running;
  const changes = countChanges({ feed: reader, clock, signal: stopping, withinMs: POLL_MS });
  try {
    await publishChanges(running, publisher, changes, periodicWork(running, publisher, onProgress));
  } finally {
    changes.stop();
  }
};

const publishChanges = async (
  running: RelayContext,
  publisher: Publisher,
  changes: ChangeCounter,
  doPeriodicWork: (hasReadAll: boolean) => Promise<boolean>,
): Promise<void> => {
  const { clock, stopping, lease, watch } = running;
  let publishedChange = -1;
  let savedAtMs = -Infinity;
  let isOver = false;
  while (!stopping.aborted && !isOver) {
    watch.checkWhenDue();
    const change = changes.count();
    // A process that was suspended may have lost its lease without knowing it: it sends nothing until the lease is renewed.
    const mayHaveNews = change !== publishedChange && lease.isFresh();
    if (mayHaveNews && (await takeSkipRequests(running))) break;
    const hasMore = mayHaveNews && (await publisher.pass(stopping));
    if (mayHaveNews && !hasMore) publishedChange = change;
    if (clock.monotonicMs() - savedAtMs >= SAVE_INTERVAL_MS) {
      savedAtMs = clock.monotonicMs();
      lease.assertInPlace();
      isOver = await doPeriodicWork(change === publishedChange);
    }
    if (!hasMore) await wait(changes, publisher);
  }
  await publisher.flush();
  // A cursor that was set back meanwhile must not be overwritten.
  if (!stopping.aborted || isOver) return;
  await running.monitor.readStoreEnd().catch(() => undefined);
  saveIfPossible(running, publisher);
};

/** Saves the cursor, reports the status, and retries blocked partitions. Resolves to true where Kafka has to be read again. */
const periodicWork = (running: RelayContext, publisher: Publisher, onProgress: () => void) => {
  const startCursor = running.state.cursor();
  return async (hasReadAll: boolean): Promise<boolean> => {
    await running.monitor.readStoreEnd();
    publisher.beatWhenDue(running.heartbeats);
    saveIfPossible(running, publisher);
    await assertOwnStore(running);
    const hasAdvanced = publisher.cursor() > startCursor;
    if (hasAdvanced) onProgress();
    running.suspects.passed(publisher.cursor());
    if (hasAdvanced || (hasReadAll && publisher.isSettled())) reportHealthy(running);
    return retryBlocked(running);
  };
};

/** Sets the state after an acknowledgement, or where there is nothing to publish. */
const reportHealthy = ({ monitor, holes, suspects, answers }: RelayContext): void => {
  if (suspects.isAny() || answers.isSilent()) return;
  const blocked = holes.blocked();
  if (blocked.length === 0) monitor.setState('running', unroutableReason(holes));
  else monitor.setState('blocked', blockedReason(blocked));
};

const unroutableReason = (holes: RelayHoles): string | null => {
  const all = holes.unroutable();
  if (all.length === 0) return null;
  const events = all.reduce((sum, each) => sum + each.events, 0);
  const categories = all.map(({ category }) => category).join(', ');
  return `${events} events are not published, as this program has no aggregate for ${categories}; they will be once it has`;
};

const wait = async (changes: ChangeCounter, publisher: Publisher): Promise<void> => {
  publisher.throwFailure();
  await changes.next(POLL_MS);
};

/** A full disk or a locked file must not stop the relay: an outdated cursor is safe, as Kafka is read at the next start. */
const saveIfPossible = (running: RelayContext, publisher: Publisher): void => {
  try {
    saveProgress(running, publisher);
  } catch (error) {
    if (error instanceof LeaseLost || error instanceof FileReplaced) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    if (!isBusy(error)) running.logger.warn({ reason }, "the relay's cursor could not be saved: retrying");
  }
};

const saveProgress = ({ state, holes, monitor }: RelayContext, publisher: Publisher): void => {
  const cursor = publisher.cursor();
  holes.keepPassedOver();
  if (cursor !== state.cursor()) state.saveCursor(cursor);
  monitor.report(publisher.counts());
};
