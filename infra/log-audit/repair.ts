/**
 * Publishes what the log lacks, in an order that consumers tolerate. A consumer drops what lies at or below its high-water
 * position, so an event may only ever come after those before it: what is missing at the end of a partition follows in
 * order, by setting the relay's cursor back. What is missing in the middle can't be put where it belongs in that log; a
 * topic that is made anew gets all of its events again, and consumers go on by position. So does one with a record that names
 * this store but was put there by somebody else.
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
  /** Delete topics that have gaps, or records that name this store and are not its own, and publish them anew. */
  readonly recreateTopics: boolean;
}

/** The log can't be repaired now, or not like this. */
export class RepairRefused extends Error {
  override readonly name = 'RepairRefused';
}

const POLL_MS = 100;
/** What has not moved for so long will not move. */
const STANDSTILL_MS = 60_000;

/** Returns what was done, in sentences. Throws {@link RepairRefused} where the relay runs. */
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
      `not repaired: ${gapped.join(', ')} lack events in the middle. Published late, they would lie below the high-water ` +
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
      `${recreated.join(', ')} were made anew, and hold all their events in order. Start the projections and reactors once ` +
        'with ACCEPT_NEW_LOG=true: nothing is applied twice. Rows that missed an event are found by tidemark verify',
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

/** A log that goes on with this store's next positions is the only place that still has those events. */
const refuseNewerLog = async ({ found, lastPosition }: LogRepairOptions): Promise<void> => {
  const end = await lastPosition();
  const positions = new Set(found.unknown.map(({ position }) => position));
  if (!positions.has(end + 1) || !positions.has(end + 2)) return;
  throw new RepairRefused(
    `Kafka goes on behind the store's end at ${end} (${positions.size} records): the store is older than the log, and its ` +
      `topics are not deleted, for nothing else has these events. ${storeBehindWays}`,
  );
};

/** As the one writer of the relay's file: while a relay runs, nobody else may publish. */
const setBack = async (
  { file, clock, leaseTtlMs }: LogRepairOptions,
  cursor: number,
  work: () => Promise<void>,
): Promise<void> => {
  const opened = await openUnusedDatabase(
    { file, synchronous: 'NORMAL', migrations: relayMigrations, clock, ttlMs: leaseTtlMs },
    (owner) =>
      new RepairRefused(
        `the relay runs (${owner}): stop it first (commands are taken meanwhile), then repair, then start it again`,
      ),
  );
  try {
    await work();
    relayFile(opened, clock).state.saveCursor(cursor);
  } finally {
    closeLeased(opened);
  }
};

/** Lets the relay itself publish: it looks at what each partition holds, and sends only what comes after. */
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
      if (clock.monotonicMs() - movedAtMs > STANDSTILL_MS)
        throw new RepairRefused(`publishing stands still at ${cursor}`);
      await clock.sleep(POLL_MS);
    }
  } finally {
    await relay.stop();
  }
};
