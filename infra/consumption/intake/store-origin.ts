/** An event of the store in the form of a record, for its dead letter and the copy of that. */
import type { Catalog } from '../../../domain/kernel/aggregate';
import type { StoredEvent } from '../../../domain/kernel/recorded-event';
import { cloudEventEncoder, destinationOf } from '../../kafka/cloud-events';
import { recordHeaders } from '../../kafka/record-headers';
import { STORE_LOG_ID } from './quarantine-port';
import type { Origin } from './quarantine-port';

/** A relative reference: the base URL of this installation is not known here. */
const SCHEMA_BASE = '/schemas';

/** Makes the origin of an event of the store. */
export const originInStore = (catalog: Catalog, storeId: () => string): ((event: StoredEvent) => Origin) => {
  // Made at the first call, as the store may not be open before.
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
