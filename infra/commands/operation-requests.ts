/**
 * Operator requests to other roles, stored as rows: the API writes them, the role that they are for reads them. So requests flow
 * the same way as events, and survive any crash.
 */

/** The kinds of requests. */
export type OperationKind =
  | 'rebuild'
  | 'rebuild-control'
  | 'move-offsets'
  | 'relay-skip'
  | 'dead-letter-assign'
  | 'dead-letter-note'
  | 'dead-letter-discard'
  | 'redrive-plan'
  | 'redrive-run'
  | 'redrive-pause'
  | 'command-release'
  | 'command-discard';

/** The request cannot be carried out, even if retried: it ends as failed, with this reason. */
export class RequestRefused extends Error {
  override readonly name = 'RequestRefused';
}

/** Parses the body of a stored request. Throws {@link RequestRefused} if it is not JSON. */
export const requestBody = ({ body }: Pick<OperationRequest, 'body'>): unknown => {
  try {
    return JSON.parse(body);
  } catch {
    throw new RequestRefused(`its body is not JSON: ${body}`);
  }
};

/** A request as stored. */
export interface OperationRequest {
  /** Counted from 1. */
  readonly id: number;
  readonly kind: OperationKind;
  /** The request's parameters as JSON text. */
  readonly body: string;
  /** ISO 8601, UTC. */
  readonly requestedAt: string;
  readonly actor: string;
}

/** A request before the store has given it a number. */
export type NewOperationRequest = Pick<OperationRequest, 'kind' | 'body' | 'actor'>;

/** The writing side, for the process that writes the store. */
export interface OperationRequestWriter {
  readonly submit: (request: NewOperationRequest) => OperationRequest;
  /** Stores all of them in one transaction. */
  readonly submitAll: (requests: ReadonlyArray<NewOperationRequest>) => ReadonlyArray<OperationRequest>;
}

/** The writing side for callers that can wait: rejects only if the file stays locked or can't be written. */
export interface PatientRequestWriter {
  readonly submitAll: (requests: ReadonlyArray<NewOperationRequest>) => Promise<ReadonlyArray<OperationRequest>>;
}

/** The reading side. */
export interface OperationRequestReader {
  /** The first requests after `id`, only of the given kinds if any. */
  readonly after: (id: number, kinds?: ReadonlyArray<OperationKind>) => Promise<ReadonlyArray<OperationRequest>>;
}
