/** A record's headers as the dead letters' file keeps them: JSON, the bytes in base64. */
import type { RecordHeaders } from '../../kafka/event-log';

type KeptHeaders = ReadonlyArray<readonly [name: string, base64: string]>;

/** The text to keep. */
export const encodeHeaders = (headers: RecordHeaders): string =>
  JSON.stringify(headers.map(([name, value]) => [name, value.toString('base64')]));

/** The headers that a kept text holds. Before names could come twice, it was an object. */
export const decodeHeaders = (text: string): RecordHeaders => {
  // Written above, or by a former version of it.
  const kept = JSON.parse(text) as KeptHeaders | Readonly<Record<string, string>>;
  const list: KeptHeaders = isList(kept) ? kept : Object.entries(kept);
  return list.map(([name, base64]) => [name, Buffer.from(base64, 'base64')]);
};

/** Array.isArray does not narrow lists that can't be written to. */
const isList = (kept: object): kept is KeptHeaders => Array.isArray(kept);
