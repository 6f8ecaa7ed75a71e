/**
 * Publishes what the log lacks, in an order that consumers tolerate. A consumer drops what lies at or below its high-water
 * position, so an event may only ever come after those before it: what is missing at the end of a partition follows in
 * order, by setting the relay's cursor back. What is missing in the middle can't be put where it belongs in that log; a
 * topic that is made anew gets all of its events again, and consumers go on by position.
 */
import { closeLeased, openLeasedDatabase } from '../sqlite/leased-database';
import { readRelayCursor, readRelayStatus, relayFile, relayMigrations } from '../sqlite/relay-file/relay-file';
import type { LogComparison } from './compare-log';
import { startRelay, type RelayOptions } from '../relay/relay';

export interface LogRepairOptions extends Omit<RelayOptions, 'signal' | 'acceptNewLog'> {
  readonly found: LogComparison;
  readonly lastPosition: () => Promise<number>;
  /** Delete topics that have gaps, and publish them anew. */
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
  const broken = [...new Set(found.partitions.filter(({ gaps }) => gaps > 0).map(({ topic }) => topic))];
  const tails = found.partitions.filter(({ topic, tail }) => tail > 0 && !(recreateTopics && broken.includes(topic)));
  const lines: string[] = [];
  if (broken.length > 0 && !recreateTopics) {
    lines.push(
      `not repaired: ${broken.join(', ')} lack events in the middle. Published late, they would lie below the high-water ` +
        'position of every consumer and be dropped. --recreate-topics deletes these topics and publishes all their events ' +
        'again; groups then start once with ACCEPT_NEW_LOG=true and go on by position',
    );
    if (tails.length === 0) return lines;
  }
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

/** As the one writer of the relay's file: while a relay runs, nobody else may publish. */
const setBack = async (
  { file, clock, leaseTtlMs }: LogRepairOptions,
  cursor: number,
  work: () => Promise<void>,
): Promise<void> => {
  const waiting = new AbortController();
  let owner = '';
  const opened = await openLeasedDatabase({
    file,
    synchronous: 'NORMAL',
    migrations: relayMigrations,
    clock,
    ttlMs: leaseTtlMs,
    signal: waiting.signal,
    onWaiting: (holder) => {
      owner = holder;
      waiting.abort();
    },
    onLost: () => undefined,
  }).catch((error: unknown) => {
    if (!waiting.signal.aborted) throw error;
    throw new RepairRefused(
      `the relay runs (${owner}): stop it first (commands are taken meanwhile), then repair, then start it again`,
    );
  });
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
  const relay = startRelay({ ...options, signal: new AbortController().signal, acceptNewLog: options.recreateTopics });
  try {
    const until = await lastPosition();
    let seen = -1;
    let movedAtMs = clock.monotonicMs();
    for (;;) {
      const cursor = readRelayCursor(file);
      if (cursor >= until) return;
      const status = readRelayStatus(file);
      if (status?.state === 'halted') throw new RepairRefused(status.reason ?? 'the relay is halted');
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
