/** Takes over from the store what operators have asked of the projections. */
import * as E from 'fp-ts/Either';
import * as t from 'io-ts';
import { requestBody, RequestRefused, type OperationRequest } from '../../../infra/commands/operation-requests';
import { failureOf, isAttributable } from '../../../infra/consumption/intake/intake';
import { readOffsetOrder, type OffsetRequests } from '../../../infra/consumption/checkpoints/checkpoints';
import { type NoteFailedRequest, PositiveInteger } from '../../../infra/dead-letters/redrive/redrive';
import type { EventReader } from '../../../infra/sqlite/event-reader';
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

/** What the API writes to ask for a rebuild. Stored format, version with care. */
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

/** What the API writes to change something about rebuilds and what they left. Stored format, version with care. */
export const RebuildControl = t.union([
  t.strict({ action: t.keyof({ cancel: null, 'accept-differences': null }), rebuild: PositiveInteger }),
  t.strict({ action: t.literal('drop-former'), projection: t.string }),
  t.strict({ action: t.literal('drop-copy'), projection: t.string, copy: t.string }),
]);

/** What is asked of this role. */
const KINDS = ['rebuild', 'rebuild-control', 'move-offsets'] as const;

type Store = Pick<EventReader, 'operationRequestsAfter' | 'readAll' | 'lastPosition'>;

export interface RequestOptions {
  readonly store: Store;
  readonly rebuilds: RebuildRows;
  readonly builds: Pick<ServedGenerations, 'former' | 'dropFormer' | 'dropCopy'> &
    Pick<CandidateGenerations, 'dropShadow'>;
  readonly projections: ReadonlyArray<Projection>;
  readonly offsets: OffsetRequests;
  readonly noteFailed: NoteFailedRequest;
  readonly savepoint: <Result>(work: () => Result) => Result;
}

/**
 * Returns the work that notes new requests, for the caller's transaction; undefined where there are none. One that cannot be
 * carried out is noted as failed, with its reason, and the others are taken over all the same.
 */
export const takeRequests = (options: RequestOptions): (() => void) | undefined => {
  const { store, rebuilds } = options;
  const requests = store.operationRequestsAfter(rebuilds.lastRequestId(), KINDS);
  if (requests.length === 0) return undefined;
  return () => {
    for (const request of requests) {
      try {
        options.savepoint(() => take(options, request));
      } catch (error) {
        if (!isAttributable(error)) throw error;
        failRequest(options, request, failureOf(error).reason);
      }
      rebuilds.tookRequest(request.id);
    }
  };
};

const take = (options: RequestOptions, request: OperationRequest): void => {
  if (request.kind === 'rebuild') takeRebuild(options, request);
  if (request.kind === 'rebuild-control') takeControl(options, request);
  if (request.kind === 'move-offsets') takeOffsets(options, request);
};

/** Where whoever asked looks for it. */
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

/** As far as it can be read; empty where it can't. */
const projectionNamed = (body: string): string => {
  try {
    const named = t.type({ projection: t.string }).decode(JSON.parse(body));
    return E.isRight(named) ? named.right.projection : '';
  } catch {
    return '';
  }
};

const takeRebuild = (options: RequestOptions, request: OperationRequest): void => {
  const { rebuilds, projections, builds } = options;
  const { id, body } = request;
  const decoded = RebuildRequest.decode(requestBody(request));
  if (E.isLeft(decoded)) throw new RequestRefused(`the request is not one of a rebuild: ${body}`);
  const order = orderOf(options.store, decoded.right);
  rebuilds.add(id, order);
  const refusal = refusedRebuild(projections, builds, order);
  if (refusal === undefined) return;
  rebuilds.end(id, 'failed', refusal, null);
  options.noteFailed(request, refusal);
};

const refusedRebuild = (
  projections: ReadonlyArray<Projection>,
  builds: Pick<ServedGenerations, 'former'>,
  order: RebuildSpec,
): string | undefined => {
  try {
    const projection = assertRebuildable(projections, order);
    return order.kind === 'rollback' ? refusedRollback(projection, builds.former(projection.name)) : undefined;
  } catch (error) {
    if (error instanceof RequestRefused) return error.message;
    throw error;
  }
};

const orderOf = (store: Store, request: t.TypeOf<typeof RebuildRequest>): RebuildSpec => {
  const { until = null } = request;
  return {
    ...defaultRebuildSpec(request.projection, request.from),
    kind: request.kind ?? 'rebuild',
    acceptDifferences: request.acceptDifferences ?? false,
    pass: request.pass ?? null,
    copy: request.copy ?? null,
    until,
    // As of now: what is recorded later never belongs to a moment that has passed.
    untilPosition: until === null ? null : lastPositionAt(store, until),
    key: request.key ?? null,
  };
};

const refusedRollback = (
  { name, version }: Projection,
  former: { readonly version: number } | undefined,
): string | undefined => {
  if (former === undefined) return `${name} has no former build: there is nothing to go back to`;
  if (former.version === version) return undefined;
  return (
    `the former build of ${name} is of version ${former.version}, this program's is ${version}: start the program that has ` +
    'the former version, and it takes the former build up again by itself'
  );
};

const takeControl = ({ rebuilds, builds }: RequestOptions, request: OperationRequest): void => {
  const decoded = RebuildControl.decode(requestBody(request));
  // The API has checked it; what a newer program asks for, this one does not know.
  if (E.isLeft(decoded)) throw new RequestRefused(`it is nothing that can be done about rebuilds: ${request.body}`);
  const control = decoded.right;
  switch (control.action) {
    case 'cancel': {
      const state = rebuilds.stateOf(control.rebuild);
      if (state === undefined) throw new RequestRefused(`there is no rebuild ${control.rebuild}`);
      if (state !== 'requested' && state !== 'running' && state !== 'waiting') return;
      builds.dropShadow(control.rebuild);
      rebuilds.end(control.rebuild, 'cancelled', 'it was cancelled; the rows in service stay as they are', null);
      return;
    }
    case 'accept-differences':
      rebuilds.accept(control.rebuild);
      return;
    case 'drop-former':
      builds.dropFormer(control.projection);
      return;
    case 'drop-copy':
      builds.dropCopy(control.projection, control.copy);
  }
};

/** Only projections' offsets are moved on request: those of other groups while their role is stopped. */
const takeOffsets = ({ offsets, projections }: RequestOptions, { id, body, actor }: OperationRequest): void => {
  const order = readOffsetOrder(body);
  if (E.isLeft(order)) throw new RequestRefused(order.left);
  const { group } = order.right;
  if (!projections.some(({ name }) => name === group)) {
    throw new RequestRefused(`this program has no projection '${group}'`);
  }
  offsets.add(id, body, actor);
};
