/** Cells that hold JSON: a codec checks what is read, so that a damaged file is reported instead of shown. */
import { isRight } from 'fp-ts/Either';
import type { Decoder } from 'io-ts';
import { NamedStorageFault } from './storage-fault';

/**
 * Reads the JSON of a cell.
 * @param cell what the cell is, as the error names it: `preview of redrive 7`
 * @throws NamedStorageFault where it is not JSON, or not what the codec takes
 */
export const readJsonCell = <Value>(cell: string, text: string, codec: Decoder<unknown, Value>): Value => {
  const decoded = codec.decode(parsed(text));
  if (isRight(decoded)) return decoded.right;
  throw new NamedStorageFault(
    'failed',
    `the file is damaged: the ${cell} is not valid: ${text.slice(0, DISPLAY_LIMIT)}`,
  );
};

/** Long enough to recognise the content. */
const DISPLAY_LIMIT = 200;

/** Undefined, which no codec of a cell takes, where the text is not JSON. */
const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};
