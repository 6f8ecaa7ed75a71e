/** What this API adds to Fastify's requests and routes. */
import type { AnyRecord } from '../../domain/kernel/codec';
import type { AccessRole } from '../../infra/configuration';

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
    /** What the body's schema was derived from. */
    bodyCodec?: AnyRecord;
    /** How the route is documented beside the body's schema; checked by nothing, for the code checks more than that. */
    documentation?: FastifySchema & RouteDocumentation;
  }
}

/** What is said of a route as a whole. */
export interface RouteDocumentation {
  readonly operationId: string;
  readonly tags: ReadonlyArray<string>;
  readonly summary: string;
  readonly description?: string;
}
