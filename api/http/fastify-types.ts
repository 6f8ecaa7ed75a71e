/** What this API adds to Fastify's requests and routes. */
import type { AccessRole } from '../../infra/configuration';
import type { Span } from '../../infra/tracing/tracer';
import type { Endpoint } from './endpoint';

/** The sender of a request. */
export interface Caller {
  readonly name: string;
  readonly role: AccessRole;
}

/** Every caller of an installation without keys. */
export const ANONYMOUS: Caller = { name: 'anonymous', role: 'operator' };

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller;
    /** On command routes: from the header, or a new one. */
    correlationId: string;
    /** On command routes, while tracing is on. */
    span: Span | undefined;
  }
  interface FastifyContextConfig {
    /** `open`: no key is required. Default: a known key of any role. */
    access?: 'open' | 'operator';
    /** `always`: responds even while the server shuts down. */
    available?: 'always';
    /** The declaration of the route. */
    endpoint?: Endpoint;
  }
}
