/** Redrives: planned with a preview, run in growing batches, halted if the same cause recurs. */
import type { FastifyInstance } from 'fastify';
import { RequestRefused, type OperationRequest } from '../../../infra/commands/operation-requests';
import { parseDeadLetterId, type RedriveStatus } from '../../../infra/dead-letters/query/query';
import { readDeadLetterRequest, type DeadLetterRequest } from '../../../infra/dead-letters/redrive/redrive';
import type { ApiDependencies } from '../dependencies';
import { addEndpoint } from '../endpoint';
import { DEFAULT_EVENTS_PER_SECOND, planRedrive, redrive, redriveControls, type PlanBody } from '../endpoints/redrives';
import { knownGroup, requestIdOf, submitRequest, submittedRequest } from '../operation-submission';
import { failWith } from '../problem';
import { allowOnly, queryOf } from '../query-parameters';

/** Adds the routes under `/ops/redrives`. */
export const redriveRoutes = (app: FastifyInstance, dependencies: ApiDependencies): void => {
  addEndpoint(app, 'POST', '/ops/redrives', planRedrive, async (request, reply) => {
    allowOnly(queryOf(request));
    const planned = await plan(dependencies, request.body, request.caller.name);
    reply.header('location', `/ops/redrives/${planned.id}`);
    return reply.code(201).send(planned);
  });
  addEndpoint(app, 'GET', '/ops/redrives/:id', redrive, (request) => {
    allowOnly(queryOf(request));
    return redriveOf(dependencies, request.params.id);
  });
  for (const action of ['run', 'pause'] as const) {
    addEndpoint(app, 'POST', `/ops/redrives/:id/${action}`, redriveControls[action], async (request, reply) => {
      allowOnly(queryOf(request));
      const status = await redriveOf(dependencies, request.params.id);
      const { id, group } = status;
      await submitRequest(dependencies, `redrive-${action}`, { group, redrive: id }, request.caller.name);
      reply.header('location', `/ops/redrives/${id}`);
      return reply.code(202).send(status);
    });
  }
};

const plan = async (
  dependencies: ApiDependencies,
  { group: name, ids, ratePerSecond = DEFAULT_EVENTS_PER_SECOND, ...filter }: PlanBody,
  actor: string,
): Promise<RedriveStatus> => {
  const group = knownGroup(dependencies, name);
  const letters = ids?.map((id) => letterNumber(group, id));
  const selected = dependencies.failures.select(group, { ...filter, ...(letters === undefined ? {} : { letters }) });
  if (selected.letters.length === 0) {
    const { notRedrivable } = selected.preview;
    failWith(
      'nothing-to-redrive',
      notRedrivable === 0
        ? `${group} has no such unresolved dead letter.`
        : `${notRedrivable} dead letters of ${group} contain no event: they can only be discarded.`,
    );
  }
  const body = { group, letters: selected.letters, ratePerSecond, preview: selected.preview };
  return requestedRedrive(await submitRequest(dependencies, 'redrive-plan', body, actor));
};

const letterNumber = (group: string, id: string): number => {
  const parsed = parseDeadLetterId(id);
  if (parsed?.group === group) return parsed.letter;
  return failWith('unknown-dead-letter', `'${id}' is not a dead letter of ${group}.`);
};

const redriveOf = async (dependencies: ApiDependencies, text: string): Promise<RedriveStatus> => {
  const id = requestIdOf(text);
  const known = dependencies.failures.redrive(id);
  if (known !== undefined) return known;
  const request = await submittedRequest(dependencies, 'redrive-plan', id);
  if (request === undefined) failWith('unknown-redrive', `No redrive has the id ${id}.`);
  return requestedRedrive(request);
};

/** A plan that the role of its group has not picked up yet. */
const requestedRedrive = (request: OperationRequest): RedriveStatus => {
  const read = readable(request);
  // Written by hand, or by another program: GET /ops/requests shows that it failed.
  if (read?.kind !== 'redrive-plan') return failWith('unknown-redrive', `The request ${request.id} is not a redrive.`);
  const { group, letters, ratePerSecond, preview } = read;
  return {
    id: request.id,
    group,
    state: 'requested',
    reason: null,
    ratePerSecond,
    preview,
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
