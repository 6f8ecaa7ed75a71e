/** Redrives: planned with a preview, run in growing batches, halted where the same cause is still there. */
import * as t from 'io-ts';
import type { FastifyInstance } from 'fastify';
import { constrained, field, optionalField, record, type RecordOf } from '../../../domain/kernel/codec';
import { jsonSchemaOf } from '../../../domain/kernel/json-schema';
import { listOf, Text } from '../../../domain/kernel/values';
import { RequestRefused, type OperationRequest } from '../../../infra/commands/operation-requests';
import { parseDeadLetterId, type RedriveStatus } from '../../../infra/dead-letters/query/query';
import {
  MAX_EVENTS_PER_SECOND,
  readDeadLetterRequest,
  type DeadLetterRequest,
  type RedrivePreview,
} from '../../../infra/dead-letters/redrive/redrive';
import type { ApiDependencies } from '../dependencies';
import { deadLettersDocumentation } from '../documentation/failures-documentation';
import { knownGroup, requestIdOf, submitRequest, submittedRequest } from '../operation-submission';
import { failWith } from '../problem';
import { allowOnly, queryOf } from '../query-parameters';
import { takesNothing } from '../request-bodies';

const DEFAULT_PER_SECOND = 200;

const Rate = constrained(
  `events a second (integer, 1 to ${MAX_EVENTS_PER_SECOND})`,
  (value): value is number =>
    Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MAX_EVENTS_PER_SECOND,
  { type: 'integer', minimum: 1, maximum: MAX_EVENTS_PER_SECOND },
);

const FailureClassName = t.keyof({
  malformed: null,
  'unknown-contract': null,
  transient: null,
  rejected: null,
  defect: null,
});

const PlanBody = record('redrive', {
  group: field(Text, 'The consumer group whose dead letters are run again; no other group sees anything of it.'),
  class: optionalField(FailureClassName, 'Only those of this class.'),
  fingerprint: optionalField(Text, 'Only those of this cause.'),
  stream: optionalField(Text, 'Only the one of this stream, such as `order-o1`.'),
  ids: optionalField(listOf(Text, 1_000), 'Only these dead letters.'),
  ratePerSecond: optionalField(Rate, `Events a second, at most; left out means ${DEFAULT_PER_SECOND}.`),
});

/** Adds the routes under `/ops/redrives`. */
export const redriveRoutes = (app: FastifyInstance, dependencies: ApiDependencies): void => {
  app.post<{ Body: RecordOf<(typeof PlanBody)['fields']> }>(
    '/ops/redrives',
    {
      schema: { body: jsonSchemaOf(PlanBody, { additionalProperties: false }) },
      config: { access: 'operator', bodyCodec: PlanBody, documentation: deadLettersDocumentation.plan },
    },
    (request, reply) => {
      allowOnly(queryOf(request));
      const planned = plan(dependencies, request.body, request.caller.name);
      return reply.code(201).header('location', `/ops/redrives/${planned.id}`).send(planned);
    },
  );
  app.get<{ Params: { id: string } }>(
    '/ops/redrives/:id',
    { config: { access: 'operator', documentation: deadLettersDocumentation.redrive } },
    (request) => {
      allowOnly(queryOf(request));
      return redriveOf(dependencies, request.params.id);
    },
  );
  for (const act of ['run', 'pause'] as const) {
    app.post<{ Params: { id: string } }>(
      `/ops/redrives/:id/${act}`,
      takesNothing(deadLettersDocumentation[act]),
      async (request, reply) => {
        allowOnly(queryOf(request));
        const status = await redriveOf(dependencies, request.params.id);
        const { id, group } = status;
        submitRequest(dependencies, `redrive-${act}`, { group, redrive: id }, request.caller.name);
        return reply.code(202).header('location', `/ops/redrives/${id}`).send(status);
      },
    );
  }
};

const plan = (
  dependencies: ApiDependencies,
  { group: name, ids, ratePerSecond = DEFAULT_PER_SECOND, ...filter }: RecordOf<(typeof PlanBody)['fields']>,
  actor: string,
): RedriveStatus => {
  const group = knownGroup(dependencies, name);
  const letters = ids?.map((id) => letterNumber(group, id));
  const selected = dependencies.failures.select(group, { ...filter, ...(letters === undefined ? {} : { letters }) });
  if (selected.letters.length === 0) {
    const { notRedrivable } = selected.preview;
    failWith(
      'nothing-to-redrive',
      notRedrivable === 0
        ? `${group} has no such dead letter that waits.`
        : `${notRedrivable} dead letters of ${group} name no event: they can only be discarded.`,
    );
  }
  const body = { group, letters: selected.letters, ratePerSecond, preview: selected.preview };
  return requestedRedrive(submitRequest(dependencies, 'redrive-plan', body, actor));
};

const letterNumber = (group: string, id: string): number => {
  const parsed = parseDeadLetterId(id);
  if (parsed?.group === group) return parsed.letter;
  return failWith('unknown-dead-letter', `'${id}' is no dead letter of ${group}.`);
};

const redriveOf = async (dependencies: ApiDependencies, text: string): Promise<RedriveStatus> => {
  const id = requestIdOf(text);
  const known = dependencies.failures.redrive(id);
  if (known !== undefined) return known;
  const request = await submittedRequest(dependencies, 'redrive-plan', id);
  if (request === undefined) failWith('unknown-redrive', `No redrive has the id ${id}.`);
  return requestedRedrive(request);
};

/** A plan that the role of its group has not picked up. */
const requestedRedrive = (request: OperationRequest): RedriveStatus => {
  const read = readable(request);
  // Written by hand, or by another program: GET /ops/requests says that it failed.
  if (read?.kind !== 'redrive-plan')
    return failWith('unknown-redrive', `The request ${request.id} is none of a redrive.`);
  const { group, letters, ratePerSecond, preview } = read;
  return {
    id: request.id,
    group,
    state: 'requested',
    reason: null,
    ratePerSecond,
    // Written by `plan` above.
    preview: preview as unknown as RedrivePreview,
    keys: { waiting: letters.length, done: 0, failed: 0, gone: 0 },
    batch: 1,
    runs: 0,
    events: 0,
    startedAt: null,
    finishedAt: null,
  };
};

const readable = (request: OperationRequest): DeadLetterRequest | undefined => {
  try {
    return readDeadLetterRequest(request);
  } catch (error) {
    if (error instanceof RequestRefused) return undefined;
    throw error;
  }
};
