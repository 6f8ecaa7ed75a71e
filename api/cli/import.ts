/** `tidemark import`: fills an empty store from JSON lines of CloudEvents. */
import { categoryOf } from '../../domain/kernel/recorded-event';
import { unknownKinds } from '../../domain/kernel/known-events';
import { systemClock } from '../../infra/clock';
import type { Configuration } from '../../infra/configuration';
import { importEvents } from '../../infra/archive/import-events';
import type { Application } from '../../projections/application';
import { dataFiles } from '../program/data-files';
import { linesOfFile } from './import-lines';

const LINE_INTERVAL_MS = 2_000;

export interface ImportChoices {
  /** Accepts a file without the trailer line of an export. */
  readonly acceptIncomplete: boolean;
  /** Accepts events that this program does not know. */
  readonly allowUnknown: boolean;
  /** The installation moves: the store keeps the id that the file names. */
  readonly keepStoreId: boolean;
}

/** Positions, ids and payloads stay as they are; everything is imported, or nothing. */
export const importStore = async (
  application: Application,
  { dataDirectory, leaseTtlMs }: Configuration,
  file: string,
  choices: ImportChoices,
  print: (line: string) => void,
): Promise<void> => {
  let printedAtMs = systemClock.monotonicMs();
  const unknownOf = unknownKinds(application.catalog);
  const { events, unknown } = await importEvents({
    file: dataFiles(dataDirectory).store,
    lines: linesOfFile(file),
    clock: systemClock,
    leaseTtlMs,
    keepStoreId: choices.keepStoreId,
    check: { ...choices, unknownOf: (event) => unknownOf({ ...event, category: categoryOf(event.stream) }) },
    onProgress: (done) => {
      if (systemClock.monotonicMs() - printedAtMs < LINE_INTERVAL_MS) return;
      printedAtMs = systemClock.monotonicMs();
      print(`${done} events`);
    },
  });
  for (const kind of unknown) print(`unknown to this program, imported nevertheless: ${kind}`);
  print(`${events} events are in the store of ${dataDirectory}; the relay publishes them to topics that are empty`);
};
