/** A short hash of a text. */
import { createHash } from 'node:crypto';

/** 24 hexadecimal digits of the text's SHA-256: the same for the same text. */
export const fingerprint = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 24);
