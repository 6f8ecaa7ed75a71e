/**
 * Rejects requests that other people's web pages make a browser send: through a host name that they point at this server (DNS
 * rebinding), or across sites. An installation without keys has no other protection, and browsers submit forms without asking.
 */
import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';
import { failWith } from './problem';

/** The host names of this server. */
export interface OwnHosts {
  /** Lower case, without port; `*` accepts every name. */
  readonly names: ReadonlyArray<string>;
}

/** Returns the check; it throws a problem. */
export const refuseForeignRequests = ({ names }: OwnHosts): ((request: FastifyRequest) => void) => {
  const own = new Set(names.map((name) => name.toLowerCase()));
  return (request) => {
    refuseMissingHost(request);
    refuseForeignHost(request, own);
    refuseCrossSite(request, own);
  };
};

/** RFC 9112: only HTTP/1.0 knows requests without one. */
const refuseMissingHost = ({ headers, raw }: FastifyRequest): void => {
  if (headers.host === undefined && raw.httpVersion === '1.1')
    failWith('malformed-request', 'The request is not valid HTTP/1.1: it has no Host header.');
};

/** An address can't be rebound, only a name can; and a request without the header comes from no browser. */
const refuseForeignHost = ({ headers, routeOptions }: FastifyRequest, own: ReadonlySet<string>): void => {
  const { host } = headers;
  if (host === undefined || own.has('*') || routeOptions.config.available === 'always') return;
  const name = nameOf(host);
  if (name !== undefined && (isLoopback(name) || isIP(name) > 0 || own.has(name))) return;
  failWith(
    'foreign-host',
    `The Host header names '${host}', which is not a name of this server: set ALLOWED_HOSTS to allow it.`,
  );
};

const isLoopback = (name: string): boolean => name === 'localhost' || name.endsWith('.localhost');

/** The name or address of a Host header; undefined if it is neither. */
const nameOf = (host: string): string | undefined => {
  const [, address, name] = /^(?:\[([0-9A-Fa-f:.]+)\]|([^\s:/?#@[\]]+))(?::\d{0,5})?$/.exec(host) ?? [];
  // A trailing dot names the same host.
  return (address ?? name)?.toLowerCase().replace(/\.$/, '');
};

/** Browsers send the origin of a request; other clients send neither header. */
const refuseCrossSite = ({ method, headers }: FastifyRequest, own: ReadonlySet<string>): void => {
  const site = headers['sec-fetch-site'];
  const { origin, host } = headers;
  const isElsewhere = site !== undefined && site !== 'same-origin' && site !== 'none';
  // A user follows a link in another page: the request only reads, and the other page does not see the response.
  const isFollowedLink =
    (method === 'GET' || method === 'HEAD') &&
    headers['sec-fetch-mode'] === 'navigate' &&
    headers['sec-fetch-dest'] === 'document';
  if (isElsewhere && !isFollowedLink) {
    failWith(
      'cross-site-request',
      'A browser sent this for a page of another site: only pages of this server are allowed.',
    );
  }
  if (origin === undefined || isOwnOrigin(origin, host, own)) return;
  failWith('cross-site-request', `A browser sent this for a page of ${origin}: only pages of this server are allowed.`);
};

/** The scheme is ignored, because a proxy may terminate TLS. */
const isOwnOrigin = (origin: string, host: string | undefined, own: ReadonlySet<string>): boolean => {
  if (!URL.canParse(origin)) return false;
  const { host: from, hostname } = new URL(origin);
  if (from === '') return false;
  return from === withoutDefaultPort(host) || own.has(hostname.replace(/^\[(.*)\]$/, '$1'));
};

const withoutDefaultPort = (host: string | undefined): string | undefined =>
  host?.toLowerCase().replace(/:(?:80|443)$/, '');
