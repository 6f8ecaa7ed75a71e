/** A store of very many events: what the engine made of real orders, multiplied under other ids. */
import { join } from 'node:path';
import { application } from '../../../projections/fulfilment/application';
import { systemClock } from '../../../infra/clock';
import { cloudEventEncoder } from '../../../infra/kafka/cloud-events';
import { openEventReader, type EventReader } from '../../../infra/sqlite/event-feed';
import { importEvents } from '../../../infra/archive/import-events';

const { catalog } = application;

/** What stands for a thing in payloads; each copy gets things of its own. */
const IDENTITIES = ['orderId', 'paymentId', 'sku', 'customerId', 'receiptId'];

/** Multiplies the events of one store into a new one until there are at least so many; returns how many there are. */
export const multiplyStore = async (from: string, to: string, least: number): Promise<number> => {
  const reader = openEventReader(join(from, 'store.sqlite'));
  try {
    const { events } = await importEvents({
      file: join(to, 'store.sqlite'),
      lines: linesOf(reader, least),
      clock: systemClock,
      leaseTtlMs: 5_000,
      onProgress: () => undefined,
      check: { acceptIncomplete: true, allowUnknown: false, unknownOf: () => undefined },
    });
    return events;
  } finally {
    reader.close();
  }
};

async function* linesOf(reader: EventReader, least: number): AsyncGenerator<string> {
  const encode = cloudEventEncoder({ catalog, mode: 'structured', schemaBaseUrl: 'urn:many', storeId: 'many' });
  const size = reader.lastPosition();
  for (let copy = 0; copy * size < least; copy += 1) {
    for (let position = 0; position < size; position += 1_000) {
      for (const event of reader.readAll({ afterPosition: position, limit: 1_000 })) {
        const dash = event.stream.indexOf('-') + 1;
        const stream = `${event.stream.slice(0, dash)}c${copy}.${event.stream.slice(dash)}`;
        const payload = JSON.stringify(renamed(JSON.parse(event.payload), copy));
        const id = `${stream}@${event.version}`;
        const correlationId = `c${copy}.${event.correlationId}`;
        yield encode({ ...event, id, stream, payload, correlationId, position: event.position + copy * size }).value;
      }
      await Promise.resolve();
    }
  }
}

const renamed = (value: unknown, copy: number): unknown => {
  if (Array.isArray(value)) return value.map((each) => renamed(each, copy));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      name,
      IDENTITIES.includes(name) && typeof each === 'string' ? `c${copy}.${each}` : renamed(each, copy),
    ]),
  );
};
