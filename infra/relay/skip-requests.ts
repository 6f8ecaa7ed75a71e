/** Operators' requests to skip an event that can't be published. */
import type { RelayContext } from './relay-context';

/** The body of a request of the kind `relay-skip`. */
export interface SkipRequest {
  readonly eventId: string;
  readonly reason: string;
}

/** Carries out new requests. True where an event is withheld now: a new session has to read Kafka again then. */
export const takeSkipRequests = async (running: RelayContext): Promise<boolean> => {
  const { holes, reader, logger } = running;
  let isAnyWithheld = false;
  for (const { id, body, actor } of await reader.requestsAfter(holes.lastRequestId(), ['relay-skip'])) {
    // Written by the API.
    const { eventId, reason } = JSON.parse(body) as SkipRequest;
    const isWithheld = holes.skip({ requestId: id, eventId, reason, actor });
    isAnyWithheld ||= isWithheld;
    logger.warn({ eventId, actor, reason, isWithheld }, 'an operator skips an event that cannot be published');
  }
  return isAnyWithheld;
};
