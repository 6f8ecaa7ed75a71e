/** An event of the store as the record that it would be, for what is kept and copied of it. */
import type { Catalog } from '../../../domain/kernel/aggregate';
import type { StoredEvent } from '../../../domain/kernel/recorded-event';
import { cloudEventEncoder, destinationOf } from '../../kafka/cloud-events';
import { recordHeaders } from '../../kafka/record-headers';
import { STORE_LOG_ID } from './quarantine-port';
import type { Origin } from './quarantine-port';

/** A relative reference: whoever reads a copy of what came from the store knows where it came from. */
const SCHEMA_BASE = '/schemas';

/** Where an event of the store comes from. */
export const originInStore = (catalog: Catalog, storeId: () => string): ((event: StoredEvent) => Origin) => {
  // Made at the first need: the store may not be open before.
  let encoder: ReturnType<typeof cloudEventEncoder> | undefined;
  const encode: ReturnType<typeof cloudEventEncoder> = (event) => {
    encoder ??= cloudEventEncoder({ catalog, mode: 'structured', schemaBaseUrl: SCHEMA_BASE, storeId: storeId() });
    return encoder(event);
  };
  const place = destinationOf(catalog);
  return (event) => {
    const { topic, partition, key } = place(event.stream);
    return {
      topic,
      partition,
      offset: event.position,
      logId: STORE_LOG_ID,
      timestampMs: Date.parse(event.recordedAt),
      key: Buffer.from(key),
      get headers() {
        return recordHeaders(encode(event).headers);
      },
      value: () => Buffer.from(encode(event).value),
    };
  };
};
