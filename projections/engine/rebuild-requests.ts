/** Takes over from the store what operators have asked of the projections. */
import * as E from 'fp-ts/Either';
import * as t from 'io-ts';
import type { OperationRequest } from '../../infra/commands/operation-requests';
import { OffsetOrder, type OffsetRequests } from '../../infra/consumption/offset-moves';
import type { EventReader } from '../../infra/sqlite/event-reader';
import type { Projection } from '../projection';
import type { ServedBuilds, ShadowBuilds } from './projection-builds';
import { lastPositionAt } from './moment';
import { plainOrder, type RebuildOrder, type RebuildRows } from './rebuild-rows';

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
  t.strict({ action: t.keyof({ cancel: null, 'accept-differences': null }), rebuild: t.number }),
  t.strict({ action: t.literal('drop-former'), projection: t.string }),
  t.strict({ action: t.literal('drop-copy'), projection: t.string, copy: t.string }),
]);

/** What is asked of this role. */
const KINDS = ['rebuild', 'rebuild-control', 'move-offsets'] as const;

type Store = Pick<EventReader, 'operationRequestsAfter' | 'readAll' | 'lastPosition'>;

export interface RequestOptions {
  readonly store: Store;
  readonly rebuilds: RebuildRows;
  readonly builds: Pick<ServedBuilds, 'former' | 'dropFormer' | 'dropCopy'> & Pick<ShadowBuilds, 'dropShadow'>;
  readonly projections: ReadonlyArray<Projection>;
  readonly offsets: OffsetRequests;
}

/** Answers the work that notes new requests, for the caller's transaction; undefined where there are none. */
export const takeRequests = (options: RequestOptions): (() => void) | undefined => {
  const { store, rebuilds } = options;
  const requests = store.operationRequestsAfter(rebuilds.lastRequestId(), KINDS);
  if (requests.length === 0) return undefined;
  return () => {
    for (const request of requests) {
      if (request.kind === 'rebuild') takeRebuild(options, request);
      if (request.kind === 'rebuild-control') takeControl(options, request);
      if (request.kind === 'move-offsets') takeOffsets(options, request);
      rebuilds.tookRequest(request.id);
    }
  };
};

const takeRebuild = (options: RequestOptions, { id, body }: OperationRequest): void => {
  const { rebuilds, projections, builds } = options;
  const decoded = RebuildRequest.decode(JSON.parse(body));
  if (E.isLeft(decoded)) {
    rebuilds.add(id, plainOrder('', 'store'));
    rebuilds.end(id, 'failed', `the request is not one of a rebuild: ${body}`, null);
    return;
  }
  const order = orderOf(options.store, decoded.right);
  rebuilds.add(id, order);
  const projection = projections.find(({ name }) => name === order.projection);
  if (projection === undefined)
    rebuilds.end(id, 'failed', `this program has no projection '${order.projection}'`, null);
  else if (order.kind === 'rollback') {
    const refusal = refusedRollback(projection, builds.former(projection.name));
    if (refusal !== undefined) rebuilds.end(id, 'failed', refusal, null);
  }
};

const orderOf = (store: Store, request: t.TypeOf<typeof RebuildRequest>): RebuildOrder => {
  const { until = null } = request;
  return {
    ...plainOrder(request.projection, request.from),
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

const takeControl = ({ rebuilds, builds }: RequestOptions, { body }: OperationRequest): void => {
  const decoded = RebuildControl.decode(JSON.parse(body));
  // The API has checked it; what a newer program asks for, this one does not know.
  if (E.isLeft(decoded)) return;
  const control = decoded.right;
  switch (control.action) {
    case 'cancel': {
      const state = rebuilds.stateOf(control.rebuild);
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

/** Moves for a group of another file are that file's role's to take. */
const takeOffsets = ({ offsets, projections }: RequestOptions, { id, body, actor }: OperationRequest): void => {
  const order = OffsetOrder.decode(JSON.parse(body));
  if (E.isRight(order) && projections.some(({ name }) => name === order.right.group)) offsets.add(id, body, actor);
};
