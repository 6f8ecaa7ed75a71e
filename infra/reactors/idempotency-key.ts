/** A command's id as a valid HTTP header. */
import { createHash } from 'node:crypto';

const SENDABLE = /^[\x21-\x7e]{1,255}$/;

/**
 * The `Idempotency-Key` for a command's id: the id itself where it is 1 to 255 printable ASCII characters, otherwise its hash. The
 * same id always makes the same key.
 */
export const idempotencyKeyOf = (commandId: string): string =>
  SENDABLE.test(commandId) ? commandId : `sha256:${createHash('sha256').update(commandId).digest('hex')}`;
