/** Operators' requests to skip an event that can't be published. */
import * as t from 'io-ts';
import { readRequest, RequestRefused, type OperationRequest } from '../commands/operation-requests';
import type { RelayContext } from './relay-context';

/** The body of a request of the kind `relay-skip`. */
const SkipRequest = t.readonly(t.type({ eventId: t.string, reason: t.string }));

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
  const { eventId, reason } = readRequest(request, SkipRequest, 'the request is not a request to skip an event');
  const { id: requestId, actor } = request;
  const isWithheld = holes.skip({ requestId, eventId, reason, actor });
  logger.warn({ eventId, actor, reason, isWithheld }, 'an operator skips an event that cannot be published');
  return isWithheld;
};
