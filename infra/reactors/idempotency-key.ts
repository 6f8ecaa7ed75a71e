/** A command's identity as an HTTP header that every API takes. */
import { createHash } from 'node:crypto';

const SENDABLE = /^[\x21-\x7e]{1,255}$/;

/**
 * The `Idempotency-Key` for a command's id: the id itself where it is 1 to 255 printable characters, otherwise its hash,
 * so that the same id always makes the same key.
 */
export const idempotencyKeyOf = (commandId: string): string =>
  SENDABLE.test(commandId) ? commandId : `sha256:${createHash('sha256').update(commandId).digest('hex')}`;
