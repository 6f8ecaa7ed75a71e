/** What operators ask about failures, as it stands in the store's requests. Stored formats, version with care. */
import * as E from 'fp-ts/Either';
import * as t from 'io-ts';
import type { OperationKind, OperationRequest } from '../commands/operation-requests';

/** The kinds of request that are about failures. */
export const failureKinds: ReadonlyArray<OperationKind> = [
  'dead-letter-assign',
  'dead-letter-note',
  'dead-letter-discard',
  'redrive-plan',
  'redrive-run',
  'redrive-pause',
];

const Letter = { group: t.string, letter: t.number };
const AssignRequest = t.strict({ ...Letter, owner: t.string });
const NoteRequest = t.strict({ ...Letter, note: t.string });
const DiscardRequest = t.strict({ ...Letter, reason: t.string });
const PlanRequest = t.strict({
  group: t.string,
  letters: t.readonlyArray(t.number),
  ratePerSecond: t.number,
  preview: t.UnknownRecord,
});
const RunRequest = t.strict({ group: t.string, redrive: t.number });

export type PlanBody = t.TypeOf<typeof PlanRequest>;

/** A request with its body read. */
export type FailureRequest =
  | ({ readonly kind: 'dead-letter-assign' } & t.TypeOf<typeof AssignRequest>)
  | ({ readonly kind: 'dead-letter-note' } & t.TypeOf<typeof NoteRequest>)
  | ({ readonly kind: 'dead-letter-discard' } & t.TypeOf<typeof DiscardRequest>)
  | ({ readonly kind: 'redrive-plan' } & PlanBody)
  | ({ readonly kind: 'redrive-run' | 'redrive-pause' } & t.TypeOf<typeof RunRequest>);

/** Reads a request; undefined where it is none of these, or its body is not what the API writes. */
export const readFailureRequest = ({ kind, body }: OperationRequest): FailureRequest | undefined => {
  const value: unknown = JSON.parse(body);
  switch (kind) {
    case 'dead-letter-assign':
      return withKind(kind, AssignRequest.decode(value));
    case 'dead-letter-note':
      return withKind(kind, NoteRequest.decode(value));
    case 'dead-letter-discard':
      return withKind(kind, DiscardRequest.decode(value));
    case 'redrive-plan':
      return withKind(kind, PlanRequest.decode(value));
    case 'redrive-run':
    case 'redrive-pause':
      return withKind(kind, RunRequest.decode(value));
    default:
      return undefined;
  }
};

const withKind = <Kind extends string, Body extends object>(
  kind: Kind,
  decoded: E.Either<t.Errors, Body>,
): ({ readonly kind: Kind } & Body) | undefined => (E.isLeft(decoded) ? undefined : { kind, ...decoded.right });
