/** Operators' requests to skip an event that can't be published. */
import { isRight } from 'fp-ts/Either';
import * as t from 'io-ts';
import { requestBody, RequestRefused, type OperationRequest } from '../commands/operation-requests';
import type { RelayContext } from './relay-context';

/** The body of a request of the kind `relay-skip`. */
const SkipRequest = t.readonly(t.type({ eventId: t.string, reason: t.string }));

/** What a stored request asks for. Throws {@link RequestRefused} where its body says something else. */
const skipRequestOf = (request: OperationRequest): t.TypeOf<typeof SkipRequest> => {
  const decoded = SkipRequest.decode(requestBody(request));
  if (isRight(decoded)) return decoded.right;
  throw new RequestRefused(`the request is not a request to skip an event: ${request.body}`);
};

/**
 * Carries out new requests. True where an event is withheld now: a new session has to read Kafka again then. A request that
 * cannot be read ends as failed, so that it holds up neither the relay nor the requests after it.
 */
export const takeSkipRequests = async (running: RelayContext): Promise<boolean> => {
  const { holes, reader } = running;
  let isAnyWithheld = false;
  for (const request of await reader.requestsAfter(holes.lastRequestId(), ['relay-skip'])) {
    try {
      const isWithheld = takeSkipRequest(running, request);
      isAnyWithheld ||= isWithheld;
    } catch (error) {
      if (!(error instanceof RequestRefused)) throw error;
      holes.refuse(request.id, error.message);
      running.logger.error({ requestId: request.id, actor: request.actor }, error.message);
    }
  }
  return isAnyWithheld;
};

const takeSkipRequest = ({ holes, logger }: RelayContext, request: OperationRequest): boolean => {
  const { eventId, reason } = skipRequestOf(request);
  const { id: requestId, actor } = request;
  const isWithheld = holes.skip({ requestId, eventId, reason, actor });
  logger.warn({ eventId, actor, reason, isWithheld }, 'an operator skips an event that cannot be published');
  return isWithheld;
};
