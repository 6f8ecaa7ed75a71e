/** The routes of dead letters. */
import type { FastifyInstance } from 'fastify';
import { failureClasses, type FailureClass } from '../../../infra/consumption/intake/intake';
import {
  deadLetterStatuses,
  parseDeadLetterId,
  type DeadLetterDetail,
  type DeadLetterFilter,
  type DeadLetterStatus,
} from '../../../infra/dead-letters/query/query';
import type { ApiDependencies } from '../dependencies';
import { addEndpoint } from '../endpoint';
import { deadLetter, deadLetterActs, deadLetters } from '../endpoints/dead-letters';
import { failWith } from '../problem';
import { allowOnly, limitOf, queryOf, refuseCursor, type Query } from '../query-parameters';
import { knownGroup, submitRequest } from '../operation-submission';

/** Adds the routes under `/ops/dead-letters`. */
export const deadLetterRoutes = (app: FastifyInstance, dependencies: ApiDependencies): void => {
  const { failures } = dependencies;
  addEndpoint(app, 'GET', '/ops/dead-letters', deadLetters, (request) => {
    const query = queryOf(request);
    allowOnly(query, 'group', 'status', 'class', 'fingerprint', 'stream', 'limit', 'cursor');
    const { cursor } = query;
    const page = { limit: limitOf(query), ...(cursor === undefined ? {} : { cursor }) };
    return failures.list(filterOf(dependencies, query), page) ?? refuseCursor();
  });
  addEndpoint(app, 'GET', '/ops/dead-letters/:id', deadLetter, (request) => {
    allowOnly(queryOf(request));
    return findDeadLetter(dependencies, request.params.id);
  });
  for (const action of ['assign', 'note', 'discard'] as const) addAct(app, dependencies, action);
};

const addAct = (app: FastifyInstance, dependencies: ApiDependencies, action: keyof typeof deadLetterActs): void => {
  addEndpoint(app, 'POST', `/ops/dead-letters/:id/${action}`, deadLetterActs[action], async (request, reply) => {
    allowOnly(queryOf(request));
    const { id, group, status } = findDeadLetter(dependencies, request.params.id);
    if (action === 'discard' && (status === 'redriven' || status === 'discarded')) {
      failWith('dead-letter-over', `${id} is ${status}: it can't be discarded any more.`);
    }
    const body = { group, letter: parseDeadLetterId(id)?.letter, ...(request.body as object) };
    const { id: requestId } = await submitRequest(dependencies, `dead-letter-${action}`, body, request.caller.name);
    reply.header('location', `/ops/dead-letters/${id}`);
    return reply.code(202).send({ id, action, requestId });
  });
};

const findDeadLetter = ({ failures }: ApiDependencies, id: string): DeadLetterDetail =>
  failures.find(id) ?? failWith('unknown-dead-letter', `No dead letter has the id '${id}'.`);

/** Parses the filter of a list. */
const filterOf = (dependencies: ApiDependencies, query: Query): DeadLetterFilter => {
  const { group, status, class: failureClass, fingerprint, stream } = query;
  return {
    ...(group === undefined ? {} : { group: knownGroup(dependencies, group) }),
    ...(status === undefined ? {} : { status: wordOf<DeadLetterStatus>('status', status, deadLetterStatuses) }),
    ...(failureClass === undefined ? {} : { class: wordOf<FailureClass>('class', failureClass, failureClasses) }),
    ...(fingerprint === undefined ? {} : { fingerprint }),
    ...(stream === undefined ? {} : { stream }),
  };
};

const wordOf = <Word extends string>(name: string, text: string, words: ReadonlyArray<Word>): Word =>
  words.find((word) => word === text) ??
  failWith('invalid-parameter', `'${name}' is '${text}'; it takes one of ${words.join(', ')}.`);
