/**
 * What an operator asks of another role (a rebuild, for now) as a row in the store: the API writes it, the role that
 * it is for reads it. So requests flow the same way as events, and survive any crash.
 */

/** A request as stored. */
export interface OperationRequest {
  /** Counted from 1. */
  readonly id: number;
  readonly kind: 'rebuild';
  /** The request's parameters as JSON text. */
  readonly body: string;
  /** ISO 8601, UTC. */
  readonly requestedAt: string;
  readonly actor: string;
}

/** The writing side; belongs to the process that writes the store. */
export interface OperationRequestWriter {
  readonly submit: (request: Pick<OperationRequest, 'kind' | 'body' | 'actor'>) => OperationRequest;
}

/** The reading side; works on a read-only connection. */
export interface OperationRequestReader {
  readonly after: (id: number) => ReadonlyArray<OperationRequest>;
}
