/** What this API adds to Fastify's requests and routes. */
import type { AccessRole } from '../../infra/configuration';
import type { Endpoint } from './endpoint';

/** Who sends a request. */
export interface Caller {
  readonly name: string;
  readonly role: AccessRole;
}

/** Everybody, where no key is asked for. */
export const ANONYMOUS: Caller = { name: 'anonymous', role: 'operator' };

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller;
    /** On command routes: from the header, or new. */
    correlationId: string;
  }
  interface FastifyContextConfig {
    /** `open`: no key is asked for. Left out: a known key of whichever role will do. */
    access?: 'open' | 'operator';
    /** `always`: answers while the server shuts down, too. */
    available?: 'always';
    /** What is declared of the route. */
    endpoint?: Endpoint;
  }
}
