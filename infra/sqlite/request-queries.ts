/** The reading statements on operators' requests in the store's file. */
import { isoTime } from '../clock';
import type { OperationKind, OperationRequest } from '../commands/operation-requests';
import type { Database } from './database';

/** Each returns at most a hundred requests. */
export interface RequestQueries {
  /** In the order of ids; only of the given kinds if any. Those of an earlier history are left out. */
  readonly operationRequestsAfter: (
    id: number,
    kinds?: ReadonlyArray<OperationKind>,
  ) => ReadonlyArray<OperationRequest>;
  /** The latest first. */
  readonly operationRequestsBefore: (id: number) => ReadonlyArray<OperationRequest>;
}

interface RequestRow {
  readonly id: number;
  readonly kind: OperationRequest['kind'];
  readonly body: string;
  readonly requestedAtMs: number;
  readonly actor: string;
}

const REQUESTS_PER_READ = 100;

/** Prepares the statements. */
export const requestQueries = (database: Database, requestFloor: number): RequestQueries => {
  const later = database.prepare<[number, string | null, string | null, number], RequestRow>(
    `SELECT id, kind, body, requested_at_ms AS requestedAtMs, actor FROM operation_requests
      WHERE id > ? AND (? IS NULL OR kind IN (SELECT value FROM json_each(?))) ORDER BY id LIMIT ?`,
  );
  const earlier = database.prepare<[number, number], RequestRow>(
    `SELECT id, kind, body, requested_at_ms AS requestedAtMs, actor FROM operation_requests
      WHERE id < ? ORDER BY id DESC LIMIT ?`,
  );
  return {
    operationRequestsAfter: (id, kinds) => {
      const named = kinds === undefined ? null : JSON.stringify(kinds);
      return later.all(Math.max(id, requestFloor), named, named, REQUESTS_PER_READ).map(toRequest);
    },
    operationRequestsBefore: (id) => earlier.all(id, REQUESTS_PER_READ).map(toRequest),
  };
};

const toRequest = ({ requestedAtMs, ...request }: RequestRow): OperationRequest => ({
  ...request,
  requestedAt: isoTime(requestedAtMs),
});
