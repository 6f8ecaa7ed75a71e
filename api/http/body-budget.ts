/** How many bytes of bodies may be under way at once: what comes beyond is turned away before it is read. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { failWith, retryAfter } from './problem';

/** Parsed, decided on and waiting for the disk, a body takes several times its length. */
export const MAX_BYTES_UNDER_WAY = 16 * 1024 * 1024;

/** Counts each request's body from its headers to the end of its answer. Ends the request with 503 where it does not fit. */
export const bodyBudget = (maxBytes: number = MAX_BYTES_UNDER_WAY) => {
  let underWay = 0;
  return ({ headers, routeOptions }: FastifyRequest, reply: FastifyReply): void => {
    const bytes = announcedBytes(headers, routeOptions.bodyLimit);
    if (bytes === 0) return;
    // One alone always fits.
    if (underWay > 0 && underWay + bytes > maxBytes) {
      failWith('overloaded', `Bodies of ${underWay} bytes are under way already; nothing was read or written.`, {
        headers: { ...retryAfter(1), connection: 'close' },
      });
    }
    underWay += bytes;
    reply.raw.once('close', () => {
      underWay -= bytes;
    });
  };
};

/** What is announced, but never more than is taken; without a length, as much as may come. */
const announcedBytes = (headers: FastifyRequest['headers'], limit: number): number => {
  if (headers['transfer-encoding'] !== undefined) return limit;
  const length = Number(headers['content-length'] ?? 0);
  return Number.isFinite(length) ? Math.min(length, limit) : limit;
};
