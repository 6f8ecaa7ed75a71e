/** The bodies of operators' requests about dead letters. Stored formats, version with care. */
import * as E from 'fp-ts/Either';
import * as t from 'io-ts';
import { readRequest, requestBody, type OperationKind, type OperationRequest } from '../../commands/operation-requests';
import { RedrivePreview } from './preview';

/** The kinds of request about dead letters. */
export const deadLetterKinds: ReadonlyArray<OperationKind> = [
  'dead-letter-assign',
  'dead-letter-note',
  'dead-letter-discard',
  'redrive-plan',
  'redrive-run',
  'redrive-pause',
];

const isBetween =
  (least: number, most: number) =>
  (value: number): boolean =>
    Number.isSafeInteger(value) && value >= least && value <= most;

/** The number of a row. */
export const PositiveInteger = t.refinement(t.number, isBetween(1, Number.MAX_SAFE_INTEGER), 'an integer from 1 on');

/** The highest rate of a redrive. */
export const MAX_EVENTS_PER_SECOND = 100_000;
const Rate = t.refinement(t.number, isBetween(1, MAX_EVENTS_PER_SECOND), 'events per second');

const Letter = { group: t.string, letter: PositiveInteger };
const AssignRequest = t.strict({ ...Letter, owner: t.string });
const NoteRequest = t.strict({ ...Letter, note: t.string });
const DiscardRequest = t.strict({ ...Letter, reason: t.string });
const PlanRequest = t.strict({
  group: t.string,
  letters: t.readonlyArray(PositiveInteger),
  ratePerSecond: Rate,
  preview: RedrivePreview,
});
const RunRequest = t.strict({ group: t.string, redrive: PositiveInteger });

export type PlanBody = t.TypeOf<typeof PlanRequest>;

/** A request with its decoded body. */
export type DeadLetterRequest =
  | ({ readonly kind: 'dead-letter-assign' } & t.TypeOf<typeof AssignRequest>)
  | ({ readonly kind: 'dead-letter-note' } & t.TypeOf<typeof NoteRequest>)
  | ({ readonly kind: 'dead-letter-discard' } & t.TypeOf<typeof DiscardRequest>)
  | ({ readonly kind: 'redrive-plan' } & PlanBody)
  | ({ readonly kind: 'redrive-run' | 'redrive-pause' } & t.TypeOf<typeof RunRequest>);

/** The group that a request is about; undefined where it names none. Throws RequestRefused where the body is not JSON. */
export const groupOfRequest = (request: OperationRequest): string | undefined => {
  const body = t.type({ group: t.string }).decode(requestBody(request));
  return E.isRight(body) ? body.right.group : undefined;
};

/** Reads a request. Throws RequestRefused where it is none of these, or its body is not what the API writes. */
export const readDeadLetterRequest = (request: OperationRequest): DeadLetterRequest => {
  const { kind } = request;
  switch (kind) {
    case 'dead-letter-assign':
      return { kind, ...readRequest(request, AssignRequest) };
    case 'dead-letter-note':
      return { kind, ...readRequest(request, NoteRequest) };
    case 'dead-letter-discard':
      return { kind, ...readRequest(request, DiscardRequest) };
    case 'redrive-plan':
      return { kind, ...readRequest(request, PlanRequest) };
    case 'redrive-run':
    case 'redrive-pause':
      return { kind, ...readRequest(request, RunRequest) };
    default:
      return readRequest(request, t.never);
  }
};
