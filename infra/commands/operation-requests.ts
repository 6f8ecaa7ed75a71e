/**
 * What an operator asks of another role as a row in the store: the API writes it, the role that it is for reads it. So
 * requests flow the same way as events, and survive any crash.
 */
import { isRight } from 'fp-ts/Either';
import type { Decoder } from 'io-ts';

/** What can be asked for. */
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
  | 'command-discard'
  | 'effect-mode';

/** What was asked for cannot be carried out, however often it is tried: it ends as failed, with this reason. */
export class RequestRefused extends Error {
  override readonly name = 'RequestRefused';
}

/** The body of a stored request. Throws {@link RequestRefused} where it is not JSON. */
export const requestBody = ({ body }: Pick<OperationRequest, 'body'>): unknown => {
  try {
    return JSON.parse(body);
  } catch {
    throw new RequestRefused(`its body is not JSON: ${body}`);
  }
};

/**
 * The body of a stored request, as its codec reads it. Throws {@link RequestRefused} where it is not JSON, and with `refusal`
 * where it is something else than the codec takes.
 */
export const readRequest = <Body>(
  request: Pick<OperationRequest, 'kind' | 'body'>,
  codec: Decoder<unknown, Body>,
  refusal = `its body is not valid for ${request.kind}`,
): Body => {
  const decoded = codec.decode(requestBody(request));
  if (isRight(decoded)) return decoded.right;
  throw new RequestRefused(`${refusal}: ${request.body}`);
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

/** The writing side; belongs to the process that writes the store. */
export interface OperationRequestWriter {
  readonly submit: (request: NewOperationRequest) => OperationRequest;
  /** All of them in one transaction: whoever reads one reads the others. */
  readonly submitAll: (requests: ReadonlyArray<NewOperationRequest>) => ReadonlyArray<OperationRequest>;
}

/** The writing side for those who can wait: it rejects only where the file stays locked, or takes no write at all. */
export interface PatientRequestWriter {
  readonly submitAll: (requests: ReadonlyArray<NewOperationRequest>) => Promise<ReadonlyArray<OperationRequest>>;
}

/** The reading side. */
export interface OperationRequestReader {
  /** The first of those after `id`, of these kinds where kinds are named. */
  readonly after: (id: number, kinds?: ReadonlyArray<OperationKind>) => Promise<ReadonlyArray<OperationRequest>>;
}
