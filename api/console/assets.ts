/** The files of the console and of the API reference, as the build has put them beside this one, packed. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { failWith } from '../http/problem';

const FOLDER = join(__dirname, 'assets');

const mediaTypes: Readonly<Record<string, string>> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  html: 'text/html; charset=utf-8',
};

/** Neither inline scripts nor anything from elsewhere: a page works without a network, and nothing that it shows can run. */
const STRICT_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
  "base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/** Swagger UI sets inline styles; scripts are as strict. */
export const REFERENCE_POLICY = STRICT_POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'");

interface Asset {
  readonly bytes: Buffer;
  readonly packed: Buffer;
  readonly tag: string;
  readonly mediaType: string;
}

const known = new Map<string, Asset>();

/** Sends a file; a browser that has it gets 304. */
export const sendAsset = (
  request: FastifyRequest,
  reply: FastifyReply,
  name: string,
  policy = STRICT_POLICY,
): FastifyReply => {
  const { bytes, packed, tag, mediaType } = assetOf(name);
  reply.headers({
    'content-type': mediaType,
    'content-security-policy': policy,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-cache',
    vary: 'accept-encoding',
    etag: tag,
  });
  if (request.headers['if-none-match'] === tag) return reply.code(304).send();
  const isPacked = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
  if (isPacked) reply.header('content-encoding', 'gzip');
  return reply.send(isPacked ? packed : bytes);
};

const assetOf = (name: string): Asset => {
  const found = known.get(name) ?? readAsset(name);
  known.set(name, found);
  return found;
};

const readAsset = (name: string): Asset => {
  const file = join(FOLDER, name);
  const [, ending = ''] = /^[a-z][a-z0-9-]*\.([a-z]+)$/.exec(name) ?? [];
  const mediaType = mediaTypes[ending];
  if (mediaType === undefined || !existsSync(`${file}.gz`)) {
    return failWith('unknown-route', `There is no file '${name}' here; 'make build' makes the files of the console.`);
  }
  const packed = readFileSync(`${file}.gz`);
  const bytes = gunzipSync(packed);
  const tag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
  return { bytes, packed, tag, mediaType };
};
