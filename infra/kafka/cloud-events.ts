/**
 * Events as CloudEvents 1.0 messages. Structured mode holds everything in the value, with one header (each header costs a
 * tenth of the throughput); binary mode holds the attributes in `ce_` headers and the bare payload in the value. The
 * payload's text is spliced in as it was stored, never re-encoded.
 */
export { cloudEventEncoder, defaultSource, type EncodedEvent, storedEventText } from './cloud-event-encoder';
export { readCloudEvent, type ReceivedEvent } from './cloud-event-reader';
export { type Destination, destinationOf } from './placement';
