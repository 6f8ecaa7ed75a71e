/** Rejects headers that would otherwise be misread silently: repeated headers, and bodies in another charset or coding. */
import type { FastifyRequest } from 'fastify';
import { failWith } from './problem';

/** Node drops repetitions of some headers and joins others with a comma, so a client would not learn which one was used. */
const SINGLE = new Set([
  'authorization',
  'consistency-token',
  'content-encoding',
  'content-type',
  'host',
  'idempotency-key',
  'if-match',
  'if-none-match',
  'origin',
  'sec-fetch-site',
  'traceparent',
  'x-api-key',
  'x-causation-id',
  'x-correlation-id',
]);

/** Rejects a repeated header. */
export const refuseRepeatedHeaders = ({ raw: { rawHeaders } }: FastifyRequest): void => {
  const seen = new Set<string>();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? '';
    if (!SINGLE.has(name)) continue;
    if (seen.has(name))
      failWith('invalid-header', `${rawHeaders[index] ?? name} appears in the request more than once.`);
    seen.add(name);
  }
};

/** Refuses what nobody here can promise; Node itself answers `100-continue`. */
export const refuseExpectation = ({ headers: { expect } }: FastifyRequest): void => {
  if (expect === undefined || expect.toLowerCase() === '100-continue') return;
  failWith(
    'expectation-failed',
    `The request expects '${expect}'; the only expectation that is taken is 100-continue.`,
  );
};

const CHARSET = /;\s*charset\s*=\s*("?)([^";]*)\1/gi;

/** Rejects a body that is not plain UTF-8, before it is read. */
export const refuseForeignCoding = ({ headers }: FastifyRequest): void => {
  const coding = headers['content-encoding'];
  if (coding !== undefined && coding.trim().toLowerCase() !== 'identity') {
    failWith('unsupported-media-type', `The Content-Encoding is ${coding}; send the body without one.`, {
      headers: { 'accept-encoding': 'identity' },
    });
  }
  for (const [, , charset = ''] of (headers['content-type'] ?? '').matchAll(CHARSET)) {
    if (charset.trim().toLowerCase() === 'utf-8') continue;
    failWith('unsupported-media-type', `The Content-Type names the charset ${charset}; send JSON in UTF-8.`, {
      headers: { accept: 'application/json' },
    });
  }
};
