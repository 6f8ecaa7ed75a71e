/** What failed for good, and what people do about it. */
import type { FastifyInstance } from 'fastify';
import { field, record, type RecordOf } from '../../../domain/kernel/codec';
import { jsonSchemaOf } from '../../../domain/kernel/json-schema';
import type { OperationKind } from '../../../infra/commands/operation-requests';
import { failureClasses, type FailureClass } from '../../../infra/consumption/intake/intake';
import {
  deadLetterStatuses,
  parseDeadLetterId,
  type DeadLetterDetail,
  type DeadLetterFilter,
  type DeadLetterStatus,
} from '../../../infra/dead-letters/query/query';
import type { ApiDependencies } from '../dependencies';
import { deadLettersDocumentation } from '../documentation/failures-documentation';
import { failWith } from '../problem';
import { allowOnly, limitOf, queryOf, refuseCursor, type Query } from '../query-parameters';
import { knownGroup, submitRequest } from '../operation-submission';
import { OperatorText } from '../request-values';

const AssignBody = record('assign', { owner: field(OperatorText, 'Who sees to it from here on.') });
const NoteBody = record('note', { note: field(OperatorText, 'What the next one to look should know.') });
const DiscardBody = record('discard', {
  reason: field(OperatorText, 'Why the group goes on without it; stays in the audit.'),
});

/** Adds the routes under `/ops/dead-letters`. */
export const deadLetterRoutes = (app: FastifyInstance, dependencies: ApiDependencies): void => {
  const { failures } = dependencies;
  app.get(
    '/ops/dead-letters',
    { config: { access: 'operator', documentation: deadLettersDocumentation.list } },
    (request) => {
      const query = queryOf(request);
      allowOnly(query, 'group', 'status', 'class', 'fingerprint', 'stream', 'limit', 'cursor');
      const { cursor } = query;
      const page = { limit: limitOf(query), ...(cursor === undefined ? {} : { cursor }) };
      return failures.list(filterOf(dependencies, query), page) ?? refuseCursor();
    },
  );
  app.get<{ Params: { id: string } }>(
    '/ops/dead-letters/:id',
    { config: { access: 'operator', documentation: deadLettersDocumentation.find } },
    (request) => {
      allowOnly(queryOf(request));
      return letterOf(dependencies, request.params.id);
    },
  );
  addAct(app, dependencies, 'dead-letter-assign', AssignBody);
  addAct(app, dependencies, 'dead-letter-note', NoteBody);
  addAct(app, dependencies, 'dead-letter-discard', DiscardBody);
};

type ActBody = typeof AssignBody | typeof NoteBody | typeof DiscardBody;

const addAct = (
  app: FastifyInstance,
  dependencies: ApiDependencies,
  kind: Extract<OperationKind, `dead-letter-${string}`>,
  body: ActBody,
): void => {
  app.post<{ Params: { id: string }; Body: RecordOf<ActBody['fields']> }>(
    `/ops/dead-letters/:id/${body.name}`,
    {
      schema: { body: jsonSchemaOf(body, { additionalProperties: false }) },
      config: { access: 'operator', bodyCodec: body, documentation: deadLettersDocumentation[kind] },
    },
    async (request, reply) => {
      allowOnly(queryOf(request));
      const { id, group, status } = letterOf(dependencies, request.params.id);
      if (kind === 'dead-letter-discard' && (status === 'redriven' || status === 'discarded')) {
        failWith('dead-letter-over', `${id} is ${status}: there is nothing left to discard.`);
      }
      const letter = parseDeadLetterId(id)?.letter;
      const { id: requestId } = await submitRequest(
        dependencies,
        kind,
        { group, letter, ...(request.body as object) },
        request.caller.name,
      );
      return reply.code(202).header('location', `/ops/dead-letters/${id}`).send({ id, action: body.name, requestId });
    },
  );
};

const letterOf = ({ failures }: ApiDependencies, id: string): DeadLetterDetail =>
  failures.find(id) ?? failWith('unknown-dead-letter', `No dead letter has the id '${id}'.`);

/** Reads which dead letters are meant. */
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
