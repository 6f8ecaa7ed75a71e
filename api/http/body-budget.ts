/** Limits the total size of request bodies in progress: requests beyond it are rejected before their body is read. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { failWith, retryAfter } from './problem';

/** While a body is parsed, decided on and written, it needs several times its length in memory. */
export const MAX_BYTES_UNDER_WAY = 16 * 1024 * 1024;

/** Counts each request's body from its headers to the end of the response. Rejects the request with 503 if it exceeds the limit. */
export const bodyBudget = (maxBytes: number = MAX_BYTES_UNDER_WAY) => {
  let underWay = 0;
  return ({ headers, routeOptions }: FastifyRequest, reply: FastifyReply): void => {
    const bytes = announcedBytes(headers, routeOptions.bodyLimit);
    if (bytes === 0) return;
    // A single request is always accepted.
    if (underWay > 0 && underWay + bytes > maxBytes) {
      failWith(
        'overloaded',
        `Request bodies of ${underWay} bytes are already in progress; nothing was read or written.`,
        {
          headers: { ...retryAfter(1), connection: 'close' },
        },
      );
    }
    underWay += bytes;
    reply.raw.once('close', () => {
      underWay -= bytes;
    });
  };
};

/** The announced length, at most the limit; without a length, the limit. */
const announcedBytes = (headers: FastifyRequest['headers'], limit: number): number => {
  if (headers['transfer-encoding'] !== undefined) return limit;
  const length = Number(headers['content-length'] ?? 0);
  return Number.isFinite(length) ? Math.min(length, limit) : limit;
};
