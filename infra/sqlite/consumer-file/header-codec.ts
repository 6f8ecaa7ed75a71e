/** A record's headers as they are stored with a dead letter: JSON, with the bytes in base64. */
import type { RecordHeaders } from '../../kafka/event-log';

type EncodedHeaders = ReadonlyArray<readonly [name: string, base64: string]>;

/** Encodes headers for storage. */
export const encodeHeaders = (headers: RecordHeaders): string =>
  JSON.stringify(headers.map(([name, value]) => [name, value.toString('base64')]));

/** Decodes stored headers. Earlier releases, which kept one header of each name, stored an object. */
export const decodeHeaders = (text: string): RecordHeaders => {
  // Written by encodeHeaders, of this release or an earlier one.
  const encoded = JSON.parse(text) as EncodedHeaders | Readonly<Record<string, string>>;
  const list: EncodedHeaders = isList(encoded) ? encoded : Object.entries(encoded);
  return list.map(([name, base64]) => [name, Buffer.from(base64, 'base64')]);
};

/** Array.isArray does not narrow to a readonly array. */
const isList = (encoded: object): encoded is EncodedHeaders => Array.isArray(encoded);
