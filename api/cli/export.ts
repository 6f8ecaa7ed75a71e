/** `tidemark export`: the store as JSON lines of CloudEvents, in the order of positions, and a trailer line that completes them. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isoTime, systemClock } from '../../infra/clock';
import type { Configuration } from '../../infra/configuration';
import { lineDigest, trailerLine } from '../../infra/archive/export-trailer';
import { storedEventText } from '../../infra/kafka/cloud-events';
import type { EventFeed } from '../../infra/event-store/event-feed';
import { openEventFeed } from '../../infra/sqlite/event-feed';
import { writeWholeFileFrom } from '../../infra/files/whole-file';
import { dataFiles } from '../program/data-files';

const EVENTS_PER_PAGE = 1_000;

/** Readable by its owner only: the events hold personal and payment data. */
const EXPORT_MODE = 0o600;

/** The store can't be exported completely. */
class ExportFailed extends Error {
  override readonly name = 'ExportFailed';
}

/** Writes everything that the store holds when the export starts. Needs no server, and does not disturb a running one. */
export const exportStore = async (configuration: Configuration, file: string | undefined): Promise<void> => {
  const store = await openEventFeed(dataFiles(configuration.dataDirectory).store);
  try {
    const lines = linesOf(store, configuration);
    if (file === undefined) await pipeline(Readable.from(lines), process.stdout, { end: false });
    else await writeWholeFileFrom(file, lines, { mode: EXPORT_MODE, replaces: false });
  } finally {
    await store.close();
  }
};

/** The text of the whole export, in chunks of several lines. */
async function* linesOf(store: EventFeed, { schemaBaseUrl, eventSource }: Configuration): AsyncGenerator<string> {
  const { storeId } = store.identity;
  const digest = lineDigest();
  const until = await store.lastPosition();
  let events = 0;
  while (events < until) {
    const page = await store.readAll({ afterPosition: events, limit: Math.min(EVENTS_PER_PAGE, until - events) });
    const lines = page.map((event) => {
      events += 1;
      // Positions have no gaps: a missing one means that the store's file is damaged, and an export would hide it.
      if (event.position !== events)
        throw new ExportFailed(
          `the store has no event at position ${events}: its file is damaged; restore it from a backup`,
        );
      return storedEventText(event, { storeId, eventSource, schemaBaseUrl });
    });
    if (lines.length === 0)
      throw new ExportFailed(`the store ends at position ${events} of ${until}: its file is damaged`);
    for (const line of lines) digest.add(line);
    yield `${lines.join('\n')}\n`;
  }
  const trailer = { events, lastPosition: until, sha256: digest.value(), storeId };
  yield `${trailerLine(trailer, isoTime(systemClock.nowMs()))}\n`;
}
