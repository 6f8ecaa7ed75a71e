/** The position that a record claims, found without parsing it: cheap, and usually right. */
import type { LogRecord } from './event-log';
import { headerNamed, STRUCTURED_HEADERS } from './record-headers';

const ATTRIBUTE = Buffer.from('"position":');
const MAX_DIGITS = 16;
const ZERO = '0'.charCodeAt(0);

/** Undefined if none is found. Only for prefetching: code that relies on the position must parse the record. */
export const claimedPosition = ({ value, headers }: Pick<LogRecord, 'value' | 'headers'>): number | undefined => {
  const header = headers === STRUCTURED_HEADERS ? undefined : headerNamed(headers, 'ce_position');
  if (header !== undefined) return digitsAt(header, 0);
  const at = value?.indexOf(ATTRIBUTE) ?? -1;
  return value === null || at < 0 ? undefined : digitsAt(value, at + ATTRIBUTE.length);
};

const digitsAt = (bytes: Buffer, from: number): number | undefined => {
  let number = 0;
  for (let index = from; index < bytes.length && index < from + MAX_DIGITS; index += 1) {
    const digit = (bytes[index] ?? 0) - ZERO;
    if (digit < 0 || digit > 9) break;
    number = number * 10 + digit;
  }
  return number > 0 && Number.isSafeInteger(number) ? number : undefined;
};
