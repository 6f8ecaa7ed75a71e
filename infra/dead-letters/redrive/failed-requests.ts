/** Operators' requests that could not be carried out: each is recorded with its reason, and blocks no other. */
import type { OperationRequest } from '../../commands/operation-requests';

/** A request that ended without effect. */
export interface FailedRequest {
  readonly id: number;
  readonly kind: string;
  readonly actor: string;
  readonly reason: string;
  /** ISO 8601, UTC. */
  readonly failedAt: string;
}

/** Records one; belongs inside the caller's transaction. */
export type NoteFailedRequest = (request: Pick<OperationRequest, 'id' | 'kind' | 'actor'>, reason: string) => void;
