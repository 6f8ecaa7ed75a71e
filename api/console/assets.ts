/** The files of the console, as the build has put them beside this one, and of the API reference. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { failWith } from '../http/problem';

const FOLDER = join(__dirname, 'assets');

/** The API reference's own files, in the library that carries them: half a megabyte that this package need not hold. */
const SWAGGER_FILES: ReadonlySet<string> = new Set(['swagger-ui-bundle.js', 'swagger-ui.css']);
const swaggerFolder = (): string =>
  join(dirname(createRequire(__filename).resolve('@fastify/swagger-ui/package.json')), 'static');

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
  const file = join(SWAGGER_FILES.has(name) ? swaggerFolder() : FOLDER, name);
  const [, ending = ''] = /^[a-z][a-z0-9-]*\.([a-z]+)$/.exec(name) ?? [];
  const mediaType = mediaTypes[ending];
  if (mediaType === undefined || !existsSync(file)) {
    return failWith('unknown-route', `There is no file '${name}' here; 'make build' makes the files of the console.`);
  }
  const bytes = readFileSync(file);
  // Once a process: some 50 ms for the largest.
  const packed = gzipSync(bytes);
  const tag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
  return { bytes, packed, tag, mediaType };
};
