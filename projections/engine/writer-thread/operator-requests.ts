/** Picks up operator requests for the projections from the store. */
import * as E from 'fp-ts/Either';
import * as t from 'io-ts';
import { requestBody, RequestRefused, type OperationRequest } from '../../../infra/commands/operation-requests';
import { failureOf, isAttributable } from '../../../infra/consumption/intake/intake';
import { readOffsetOrder, type OffsetRequests } from '../../../infra/consumption/checkpoints/checkpoints';
import { type NoteFailedRequest, PositiveInteger } from '../../../infra/dead-letters/redrive/redrive';
import type { EventFeed } from '../../../infra/event-store/event-feed';
import type { Projection } from '../../projection';
import {
  type ServedGenerations,
  type CandidateGenerations,
  assertRebuildable,
  defaultRebuildSpec,
  type RebuildSpec,
  type RebuildRows,
} from '../generations/generations';
import { lastPositionAt } from '../inspect/inspect';

/** A request for a rebuild, as the API writes it. Stored format, version with care. */
export const RebuildRequest = t.intersection([
  t.strict({ projection: t.string, from: t.keyof({ kafka: null, store: null }) }),
  t.partial({
    kind: t.keyof({ rebuild: null, rollback: null, copy: null, row: null }),
    acceptDifferences: t.boolean,
    pass: t.string,
    copy: t.string,
    until: t.string,
    key: t.string,
  }),
]);

/** A request that changes a rebuild or drops its results, as the API writes it. Stored format, version with care. */
export const RebuildControl = t.union([
  t.strict({ action: t.keyof({ cancel: null, 'accept-differences': null }), rebuild: PositiveInteger }),
  t.strict({ action: t.literal('drop-former'), projection: t.string }),
  t.strict({ action: t.literal('drop-copy'), projection: t.string, copy: t.string }),
]);

/** The kinds of requests that this role executes. */
const KINDS = ['rebuild', 'rebuild-control', 'move-offsets'] as const;

type Store = Pick<EventFeed, 'requestsAfter' | 'readAll' | 'lastPosition'>;

export interface RequestOptions {
  readonly store: Store;
  readonly rebuilds: RebuildRows;
  readonly generations: Pick<ServedGenerations, 'previous' | 'dropPrevious' | 'dropCopy'> &
    Pick<CandidateGenerations, 'dropCandidate'>;
  readonly projections: ReadonlyArray<Projection>;
  readonly offsets: OffsetRequests;
  readonly noteFailed: NoteFailedRequest;
  readonly savepoint: <Result>(work: () => Result) => Result;
}

/**
 * Returns a function that records new requests, to be called in a transaction; undefined where there are none. An
 * impossible request is recorded as failed with a reason; the others are picked up nevertheless.
 */
export const takeRequests = async (options: RequestOptions): Promise<(() => void) | undefined> => {
  const { store, rebuilds } = options;
  const requests = await store.requestsAfter(rebuilds.lastRequestId(), KINDS);
  if (requests.length === 0) return undefined;
  const moments = new Map<number, Moment>();
  for (const request of requests) moments.set(request.id, await momentIn(store, request));
  return () => {
    const taken = rebuilds.lastRequestId();
    for (const request of requests) {
      // Another call may have picked it up while the store was read.
      if (request.id <= taken) continue;
      try {
        options.savepoint(() => take(options, request, moments.get(request.id) ?? NO_MOMENT));
      } catch (error) {
        if (!isAttributable(error)) throw error;
        failRequest(options, request, failureOf(error).reason);
      }
      rebuilds.tookRequest(request.id);
    }
  };
};

/** Returns the position of a copy's point in time; throws where that is invalid. */
type Moment = () => number | null;

const NO_MOMENT: Moment = () => null;

/** The position is determined now: events recorded later are never part of a point in time that has passed. */
const momentIn = async (store: Store, request: OperationRequest): Promise<Moment> => {
  const until = untilIn(request);
  if (until === null) return NO_MOMENT;
  try {
    const position = await lastPositionAt(store, until);
    return () => position;
  } catch (error) {
    if (!isAttributable(error)) throw error;
    return () => {
      throw error;
    };
  }
};

/** The requested point in time; null where there is none or the request is invalid, which is reported when it is picked up. */
const untilIn = ({ kind, body }: OperationRequest): string | null => {
  if (kind !== 'rebuild') return null;
  try {
    const decoded = RebuildRequest.decode(JSON.parse(body));
    return E.isRight(decoded) ? (decoded.right.until ?? null) : null;
  } catch {
    return null;
  }
};

const take = (options: RequestOptions, request: OperationRequest, moment: Moment): void => {
  if (request.kind === 'rebuild') takeRebuild(options, request, moment);
  if (request.kind === 'rebuild-control') takeControl(options, request);
  if (request.kind === 'move-offsets') takeOffsets(options, request);
};

/** Records a request as failed, where operators look for its result. */
const failRequest = (
  { rebuilds, offsets, noteFailed }: RequestOptions,
  request: OperationRequest,
  reason: string,
): void => {
  const { id, kind, body, actor } = request;
  if (kind === 'rebuild') {
    rebuilds.add(id, defaultRebuildSpec(projectionNamed(body), 'store'));
    rebuilds.end(id, 'failed', reason, null);
  }
  if (kind === 'move-offsets') {
    offsets.add(id, body, actor);
    offsets.end(id, 'failed', reason);
  }
  noteFailed(request, reason);
};

/** The projection in a request's body; empty where it cannot be read. */
const projectionNamed = (body: string): string => {
  try {
    const named = t.type({ projection: t.string }).decode(JSON.parse(body));
    return E.isRight(named) ? named.right.projection : '';
  } catch {
    return '';
  }
};

const takeRebuild = (options: RequestOptions, request: OperationRequest, moment: Moment): void => {
  const { rebuilds, projections, generations } = options;
  const { id, body } = request;
  const decoded = RebuildRequest.decode(requestBody(request));
  if (E.isLeft(decoded)) throw new RequestRefused(`the request is not a request for a rebuild: ${body}`);
  const order = orderOf(decoded.right, moment);
  rebuilds.add(id, order);
  const refusal = refusedRebuild(projections, generations, order);
  if (refusal === undefined) return;
  rebuilds.end(id, 'failed', refusal, null);
  options.noteFailed(request, refusal);
};

const refusedRebuild = (
  projections: ReadonlyArray<Projection>,
  generations: Pick<ServedGenerations, 'previous'>,
  order: RebuildSpec,
): string | undefined => {
  try {
    const projection = assertRebuildable(projections, order);
    return order.kind === 'rollback' ? refusedRollback(projection, generations.previous(projection.name)) : undefined;
  } catch (error) {
    if (error instanceof RequestRefused) return error.message;
    throw error;
  }
};

const orderOf = (request: t.TypeOf<typeof RebuildRequest>, moment: Moment): RebuildSpec => {
  const { until = null } = request;
  return {
    ...defaultRebuildSpec(request.projection, request.from),
    kind: request.kind ?? 'rebuild',
    acceptDifferences: request.acceptDifferences ?? false,
    pass: request.pass ?? null,
    copy: request.copy ?? null,
    until,
    untilPosition: moment(),
    key: request.key ?? null,
  };
};

const refusedRollback = (
  { name, version }: Projection,
  former: { readonly version: number } | undefined,
): string | undefined => {
  if (former === undefined) return `${name} has no previous generation to roll back to`;
  if (former.version === version) return undefined;
  return (
    `the previous generation of ${name} is of version ${former.version}, this program's is ${version}: start the program ` +
    'with that version, and it switches back to the previous generation by itself'
  );
};

const takeControl = ({ rebuilds, generations }: RequestOptions, request: OperationRequest): void => {
  const decoded = RebuildControl.decode(requestBody(request));
  // The API has checked it, so an unknown request comes from a newer program.
  if (E.isLeft(decoded)) throw new RequestRefused(`the request is not a known one about rebuilds: ${request.body}`);
  const control = decoded.right;
  switch (control.action) {
    case 'cancel': {
      const state = rebuilds.stateOf(control.rebuild);
      if (state === undefined) throw new RequestRefused(`there is no rebuild ${control.rebuild}`);
      if (state !== 'requested' && state !== 'running' && state !== 'waiting') return;
      generations.dropCandidate(control.rebuild);
      rebuilds.end(control.rebuild, 'cancelled', 'it was cancelled; the served rows are unchanged', null);
      return;
    }
    case 'accept-differences':
      rebuilds.accept(control.rebuild);
      return;
    case 'drop-former':
      generations.dropPrevious(control.projection);
      return;
    case 'drop-copy':
      generations.dropCopy(control.projection, control.copy);
  }
};

/** Only offsets of projections are moved on request; those of other groups are moved while their role is stopped. */
const takeOffsets = ({ offsets, projections }: RequestOptions, { id, body, actor }: OperationRequest): void => {
  const order = readOffsetOrder(body);
  if (E.isLeft(order)) throw new RequestRefused(order.left);
  const { group } = order.right;
  if (!projections.some(({ name }) => name === group)) {
    throw new RequestRefused(`this program has no projection '${group}'`);
  }
  offsets.add(id, body, actor);
};
