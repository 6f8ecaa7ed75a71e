/** Takes over from the store what operators have asked of the projections. */
import * as E from 'fp-ts/Either';
import * as t from 'io-ts';
import type { EventReader } from '../../infra/sqlite/event-reader';
import type { Projection } from '../projection';
import type { RebuildRows } from './rebuild-rows';

/** What the API writes. */
const RebuildRequest = t.strict({
  projection: t.string,
  from: t.keyof({ kafka: null, store: null }),
});

const UNREADABLE = { projection: '', from: 'store' } as const;

/** Answers the work that notes new requests, for the caller's transaction; undefined where there are none. */
export const takeRequests = (
  store: Pick<EventReader, 'operationRequestsAfter'>,
  rebuilds: RebuildRows,
  projections: ReadonlyArray<Projection>,
): (() => void) | undefined => {
  const requests = store.operationRequestsAfter(rebuilds.lastRequestId(), ['rebuild']);
  if (requests.length === 0) return undefined;
  return () => {
    for (const { id, body } of requests) {
      const request = RebuildRequest.decode(JSON.parse(body));
      const { projection, from } = E.isRight(request) ? request.right : UNREADABLE;
      rebuilds.add({ id, projection, from });
      if (E.isLeft(request)) rebuilds.end(id, 'failed', `the request is not one of a rebuild: ${body}`, null);
      else if (!projections.some(({ name }) => name === projection))
        rebuilds.end(id, 'failed', `this program has no projection '${projection}'`, null);
    }
  };
};
