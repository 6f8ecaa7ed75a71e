/** Rejects commands while the store may be behind its readers (restored from an old copy): it would assign positions twice. */
import { existsSync } from 'node:fs';
import * as E from 'fp-ts/Either';
import type { Clock } from '../../infra/clock';
import type { HandleCommand } from '../../infra/commands/command-port';
import type { Logger } from '../../infra/logger';
import { readRelayStatus } from '../../infra/sqlite/relay-file/relay-file';
import type { RelayStatus } from '../../infra/relay/state/state';
import type { EventFeed } from '../../infra/event-store/event-feed';
import { replacedReason } from '../../infra/sqlite/store-identity';
import { startRunning } from '../../infra/running/role';
import { storeStanding, type StoreStanding } from '../../infra/history/store-standing';
import type { DataFiles } from './data-files';

export interface StoreGateOptions {
  readonly files: DataFiles;
  readonly feed: Pick<EventFeed, 'identity' | 'isInPlace' | 'lastPosition'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whether the relay starts in this process: commands then wait, for a bounded time, for its first check of Kafka. */
  readonly awaitsRelay: boolean;
}

/** The present verdict about the store. */
export interface GateStanding {
  readonly verdict: StoreStanding['verdict'];
  /** Null if the store and its readers match. */
  readonly reason: string | null;
}

export interface StoreGate {
  readonly standing: () => GateStanding;
  /** Rejects commands while the store is behind. */
  readonly guarded: (handle: HandleCommand) => HandleCommand;
  readonly stop: () => Promise<void>;
}

const POLL_MS = 500;
const FIRST_POLL_MS = 50;
/** If Kafka does not respond by then, commands are accepted as usual. */
const FIRST_LOOK_MS = 5_000;

const FITS: GateStanding = { verdict: 'fits', reason: null };

/** Checks the files once, and then follows what the relay reports. */
export const openStoreGate = async ({
  files,
  feed,
  clock,
  logger,
  awaitsRelay,
}: StoreGateOptions): Promise<StoreGate> => {
  const startedAtMs = clock.nowMs();
  // A mismatch found at the start stays until the next start: new events of the store must not hide it.
  const atStart = await storeStanding(files, feed.identity.storeId, feed.lastPosition);
  let current: GateStanding = atStart;
  let hasLooked = !awaitsRelay || atStart.verdict !== 'fits';
  if (atStart.reason !== null)
    logger.error({ reason: atStart.reason }, 'the store does not match what was read from it');

  const look = async (): Promise<void> => {
    const relay = existsSync(files.relay) ? readRelayStatus(files.relay) : undefined;
    hasLooked ||= relay !== undefined && hasSettled(relay, startedAtMs);
    if (atStart.verdict !== 'fits') return;
    current = (await feed.isInPlace()) ? standingOf(relay) : { verdict: 'store-behind', reason: replacedReason };
  };
  const watch = async (stopping: AbortSignal): Promise<void> => {
    while (!stopping.aborted) {
      try {
        await look();
      } catch (error) {
        logger.debug({ err: error }, "the relay's status can't be read at present");
      }
      hasLooked ||= clock.nowMs() - startedAtMs > FIRST_LOOK_MS;
      await clock.sleep(hasLooked ? POLL_MS : FIRST_POLL_MS, stopping);
    }
    // Commands that still wait for the first look go on without it.
    hasLooked = true;
  };
  const watching = startRunning(watch);
  const firstLook = async (): Promise<void> => {
    while (!hasLooked) await clock.sleep(FIRST_POLL_MS);
  };
  return {
    standing: () => current,
    guarded: (handle) => (request) => async () => {
      await firstLook();
      const { verdict, reason } = current;
      return verdict === 'store-behind' && reason !== null
        ? E.left({ _tag: 'StoreBehind', reason })
        : handle(request)();
    },
    stop: watching.stop,
  };
};

/** Whether the relay has checked Kafka, or failed to, since this process started. */
const hasSettled = ({ state, updatedAt }: RelayStatus, sinceMs: number): boolean =>
  state !== 'starting' && state !== 'waiting-for-lease' && state !== 'stopped' && Date.parse(updatedAt) >= sinceMs;

const standingOf = (relay: RelayStatus | undefined): GateStanding =>
  relay?.state === 'halted' && (relay.cause ?? null) !== null
    ? { verdict: relay.cause ?? 'fits', reason: relay.reason }
    : FITS;
