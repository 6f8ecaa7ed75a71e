/**
 * Publishes events that are missing in the log, in an order that consumers accept. A consumer drops events at or below its
 * high-water position, so a partition has to stay in the order of positions. Events that are missing at the end of a partition are
 * published by setting the relay's cursor back. Events that are missing in the middle cannot be inserted there; the topic has to be
 * recreated and gets all of its events again, and consumers continue by position. So has a topic with a forged record that names
 * this store.
 */
import { isoTime } from '../clock';
import { closeLeased, openUnusedDatabase } from '../sqlite/leased-database';
import { readRelayCursor, readRelayStatus, relayFile, relayMigrations } from '../sqlite/relay-file/relay-file';
import type { LogComparison } from './compare-log';
import { storeBehindWays } from '../relay/published-history';
import { startRelay, type RelayOptions } from '../relay/relay';

export interface LogRepairOptions extends Omit<RelayOptions, 'signal' | 'acceptNewLog'> {
  readonly found: LogComparison;
  readonly lastPosition: () => Promise<number>;
  /** Delete topics that have gaps or forged records that name this store, and publish all their events again. */
  readonly recreateTopics: boolean;
}

/** The log can't be repaired in this situation. */
export class RepairRefused extends Error {
  override readonly name = 'RepairRefused';
}

const POLL_MS = 100;
/** How long to wait for progress before giving up. */
const STALL_TIMEOUT_MS = 60_000;

/** Repairs the log; returns what was done, as messages for the operator. Throws {@link RepairRefused} where the relay runs. */
export const repairLog = async (options: LogRepairOptions): Promise<ReadonlyArray<string>> => {
  const { found, log, recreateTopics } = options;
  const gapped = topicsOf(found.partitions.filter(({ gaps }) => gaps > 0));
  const forged = topicsOf(found.unknown);
  const broken = [...new Set([...gapped, ...forged])];
  if (recreateTopics && broken.length > 0) await refuseNewerLog(options);
  const tails = found.partitions.filter(({ topic, tail }) => tail > 0 && !(recreateTopics && broken.includes(topic)));
  const lines: string[] = [];
  if (forged.length > 0 && !recreateTopics) {
    lines.push(
      `not repaired: ${forged.join(', ')} hold records that name this store, which does not have them. Where no backup was ` +
        `restored, --recreate-topics ${RECREATING}`,
    );
  }
  if (gapped.length > 0 && !recreateTopics) {
    lines.push(
      `not repaired: ${gapped.join(', ')} lack events in the middle. Published late, they would be below the high-water ` +
        `position of every consumer and be dropped. --recreate-topics ${RECREATING}`,
    );
  }
  if (tails.length === 0 && (broken.length === 0 || !recreateTopics)) return lines;
  const firstMissing = Math.min(...tails.map(({ tailFrom }) => tailFrom ?? Infinity));
  const recreated = recreateTopics ? broken : [];
  await setBack(options, recreated.length > 0 ? 0 : firstMissing - 1, async () => {
    if (recreated.length > 0) await log.deleteTopics(recreated);
  });
  if (tails.length > 0) {
    const count = tails.reduce((sum, { tail }) => sum + tail, 0);
    lines.push(`${count} events that were missing at the ends of ${tails.length} partitions are published in order`);
  }
  if (recreated.length > 0) {
    lines.push(
      `recreated with all their events in order: ${recreated.join(', ')}. Start the projections and reactors once with ` +
        'ACCEPT_NEW_LOG=true: nothing is applied twice. tidemark verify finds rows that have missed an event',
    );
  }
  await publishAll(options);
  return lines;
};

const RECREATING =
  'deletes these topics and publishes all their events again; groups then start once with ACCEPT_NEW_LOG=true and go on by ' +
  'position';

const topicsOf = (places: ReadonlyArray<{ readonly topic: string }>): ReadonlyArray<string> => [
  ...new Set(places.map(({ topic }) => topic)),
];

/** Throws where the log continues with the store's next positions, as only the log has those events then. */
const refuseNewerLog = async ({ found, lastPosition }: LogRepairOptions): Promise<void> => {
  const end = await lastPosition();
  const positions = new Set(found.unknown.map(({ position }) => position));
  if (!positions.has(end + 1) || !positions.has(end + 2)) return;
  throw new RepairRefused(
    `Kafka goes on behind the store's end at ${end} (${positions.size} records): the store is older than the log, and its ` +
      `topics are not deleted, for nothing else has these events. ${storeBehindWays}`,
  );
};

/** Sets the relay's cursor back, under the lease of its file, so that no relay runs meanwhile. */
const setBack = async (
  { file, clock, leaseTtlMs }: LogRepairOptions,
  cursor: number,
  work: () => Promise<void>,
): Promise<void> => {
  const opened = await openUnusedDatabase(
    { file, synchronous: 'NORMAL', migrations: relayMigrations, clock, ttlMs: leaseTtlMs },
    (owner) =>
      new RepairRefused(
        `the relay runs (${owner}): stop it first (commands are accepted meanwhile), then repair, then start it again`,
      ),
  );
  try {
    await work();
    relayFile(opened, clock).state.saveCursor(cursor);
  } finally {
    closeLeased(opened);
  }
};

/** Runs a relay until everything is published: it reads what each partition has, and publishes only what is missing at its end. */
const publishAll = async (options: LogRepairOptions): Promise<void> => {
  const { clock, file, lastPosition } = options;
  // What an earlier relay has said last is about the log that it saw.
  const startedAt = isoTime(clock.nowMs());
  const relay = startRelay({ ...options, signal: new AbortController().signal, acceptNewLog: options.recreateTopics });
  try {
    const until = await lastPosition();
    let seen = -1;
    let movedAtMs = clock.monotonicMs();
    for (;;) {
      const cursor = readRelayCursor(file);
      if (cursor >= until) return;
      const status = readRelayStatus(file);
      if (status?.state === 'halted' && status.updatedAt >= startedAt)
        throw new RepairRefused(status.reason ?? 'the relay is halted');
      if (cursor !== seen) movedAtMs = clock.monotonicMs();
      seen = cursor;
      if (clock.monotonicMs() - movedAtMs > STALL_TIMEOUT_MS)
        throw new RepairRefused(
          `publishing has made no progress for ${STALL_TIMEOUT_MS / 1_000} s at position ${cursor}`,
        );
      await clock.sleep(POLL_MS);
    }
  } finally {
    await relay.stop();
  }
};
