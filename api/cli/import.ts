/** `tidemark import`: fills an empty store from JSON lines of CloudEvents. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { systemClock } from '../../infra/clock';
import type { Configuration } from '../../infra/configuration';
import { importEvents } from '../../infra/sqlite/store-file';
import { dataFiles } from '../program/data-files';

const LINE_INTERVAL_MS = 2_000;

/** Positions, ids and payloads stay as they are; all of it is taken in, or nothing. */
export const importStore = async (
  { dataDirectory, leaseTtlMs }: Configuration,
  file: string,
  keepStoreId: boolean,
  print: (line: string) => void,
): Promise<void> => {
  const input = createReadStream(file, 'utf8');
  let printedAtMs = systemClock.monotonicMs();
  const events = await importEvents({
    file: dataFiles(dataDirectory).store,
    lines: createInterface({ input, crlfDelay: Infinity }),
    clock: systemClock,
    leaseTtlMs,
    keepStoreId,
    onProgress: (done) => {
      if (systemClock.monotonicMs() - printedAtMs < LINE_INTERVAL_MS) return;
      printedAtMs = systemClock.monotonicMs();
      print(`${done} events`);
    },
  });
  print(`${events} events are in the store of ${dataDirectory}; the relay publishes them to topics that are empty`);
};
