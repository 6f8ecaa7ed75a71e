/** `tidemark contracts verify`: runs the history of a store through the present code. */
import { systemClock } from '../../../infra/clock';
import type { Application } from '../../../projections/application';
import { contractReaders } from '../../program/contract-readers';
import { historyCheck, UnreadableHistory } from './history-check';
import type { Output } from './output';
import { eachEvent, eachOfSample, openStore } from './store-events';

export interface VerifyOptions extends Output {
  readonly store: string;
  /** How many events to check, spread evenly over the store; undefined for all. */
  readonly sample: number | undefined;
}

/** Returns the exit status: 1 at the first event that can't be read. */
export const verify = async (
  application: Application,
  { store, sample, json, print }: VerifyOptions,
): Promise<number> => {
  const feed = await openStore(store);
  const startedMs = systemClock.monotonicMs();
  const written = new Map<string, number>();
  let events = 0;
  try {
    const check = historyCheck({ catalog: application.catalog, store: feed, readers: contractReaders(application) });
    const visit: Parameters<typeof eachEvent>[1] = async (event) => {
      await check(event);
      events += 1;
      const version = `${event.type} version ${event.schemaVersion}`;
      written.set(version, (written.get(version) ?? 0) + 1);
    };
    if (sample === undefined) await eachEvent(feed, visit);
    else await eachOfSample(feed, sample, visit);
  } catch (error) {
    if (!(error instanceof UnreadableHistory)) throw error;
    const { event, stage, reason, path } = error;
    const { position, id, type, schemaVersion } = event;
    print(
      json
        ? JSON.stringify({ verified: events, position, id, type, schemaVersion, path, stage, reason })
        : error.message,
    );
    if (!json)
      print(
        '    what to do: history is never rewritten. Make the code able to read it (an upcast, a tolerant codec), then verify again',
      );
    return 1;
  } finally {
    await feed.close();
  }
  const seconds = (systemClock.monotonicMs() - startedMs) / 1_000;
  if (json) {
    print(JSON.stringify({ verified: events, seconds, written: Object.fromEntries(written) }));
    return 0;
  }
  print(
    `${events} events went through upcasts, codecs, deciders, projections and process managers in ${seconds.toFixed(1)} s`,
  );
  for (const [version, count] of [...written].sort()) print(`  ${version.padEnd(40)} ${String(count).padStart(10)}`);
  return 0;
};
