/** `tidemark export`: the store as JSON lines of CloudEvents, in the order of positions. */
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { catalog } from '../../domain/catalog';
import type { Configuration } from '../../infra/configuration';
import { cloudEventEncoder } from '../../infra/kafka/cloud-events';
import { openEventReader, type EventReader } from '../../infra/sqlite/event-reader';
import { dataFiles } from '../program/data-files';

const EVENTS_PER_PAGE = 1_000;

/** Writes everything that the store held at the beginning; needs no server, and disturbs none. */
export const exportStore = async (configuration: Configuration, file: string | undefined): Promise<void> => {
  const store = openEventReader(dataFiles(configuration.dataDirectory).store);
  try {
    const lines = linesOf(store, configuration);
    if (file === undefined) await pipeline(lines, process.stdout, { end: false });
    else await pipeline(lines, createWriteStream(file, { flags: 'wx', mode: 0o600 }));
  } finally {
    store.close();
  }
};

function* linesOf(store: EventReader, { schemaBaseUrl, eventSource }: Configuration): Generator<string> {
  const { storeId } = store.identity;
  const encode = cloudEventEncoder({ catalog, mode: 'structured', schemaBaseUrl, storeId, eventSource });
  const until = store.lastPosition();
  for (let position = 0; position < until; position += EVENTS_PER_PAGE) {
    const page = store.readAll({ afterPosition: position, limit: Math.min(EVENTS_PER_PAGE, until - position) });
    yield page.map((event) => `${encode(event).value}\n`).join('');
  }
}
