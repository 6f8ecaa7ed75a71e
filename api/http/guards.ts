/** The checks that every request passes before its body is read, ordered so that the cheapest rejection comes first. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { authentication } from './authentication';
import { bodyBudget } from './body-budget';
import type { ApiDependencies } from './dependencies';
import type { Caller } from './fastify-types';
import { refuseForeignRequests } from './foreign-requests';
import { ProblemError, type Problem } from './problem';
import type { RateLimit } from './rate-limit';
import { sessionsOf } from './sessions';
import { refuseWhileShuttingDown } from './shedding';
import { refuseExpectation, refuseForeignCoding, refuseRepeatedHeaders } from './strict-headers';

type GuardDependencies = Pick<ApiDependencies, 'apiKeys' | 'allowedHosts' | 'isShuttingDown' | 'clock'>;

/** Adds the guards; `explainUnknown` explains a URL that no route matches. */
export const guard = (
  app: FastifyInstance,
  { apiKeys, allowedHosts, isShuttingDown, clock }: GuardDependencies,
  limit: RateLimit,
  explainUnknown: (request: FastifyRequest) => Problem,
): void => {
  let isClosing = false;
  app.addHook('preClose', (done) => {
    isClosing = true;
    done();
  });
  const identify = countedCaller(
    authentication(apiKeys, sessionsOf(apiKeys, clock)),
    refuseForeignRequests({ names: allowedHosts }),
    limit,
  );
  const withinBudget = bodyBudget();
  app.decorateRequest('caller');
  app.decorateRequest('correlationId', '');
  app.addHook('onRequest', (request: FastifyRequest, reply: FastifyReply, next: () => void) => {
    refuseWhileShuttingDown(() => isClosing || isShuttingDown(), request);
    request.caller = identify(request);
    // Before the body is read: its errors do not matter if no route accepts it.
    if (request.is404) throw new ProblemError(explainUnknown(request));
    refuseExpectation(request);
    refuseRepeatedHeaders(request);
    refuseForeignCoding(request);
    withinBudget(request, reply);
    next();
  });
};

/** Finds the caller, and counts the request whether it is accepted or not. */
const countedCaller =
  (
    authenticate: (request: FastifyRequest) => Caller,
    refuseForeign: (request: FastifyRequest) => void,
    limit: RateLimit,
  ) =>
  (request: FastifyRequest): Caller => {
    const { ip } = request;
    const isCounted = request.routeOptions.config.available !== 'always';
    if (isCounted) limit.admit(ip);
    const caller = orCounted(
      () => {
        refuseForeign(request);
        return authenticate(request);
      },
      () => isCounted && limit.countAddress(ip),
    );
    if (!isCounted) return caller;
    if (caller.name === ANONYMOUS) limit.countAddress(ip);
    else limit.countKey(caller.name);
    return caller;
  };

const ANONYMOUS = 'anonymous';

/** A rejected request counts too; above the limit it becomes a 429. */
const orCounted = <Result>(find: () => Result, count: () => unknown): Result => {
  try {
    return find();
  } catch (error) {
    count();
    throw error;
  }
};
