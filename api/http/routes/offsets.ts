/** Moves of a group's offsets, for the role that owns them to carry out while the group stands still. */
import type { FastifyInstance } from 'fastify';
import { field, record, type RecordOf } from '../../../domain/kernel/codec';
import { jsonSchemaOf } from '../../../domain/kernel/json-schema';
import { listOf } from '../../../domain/kernel/values';
import type { ApiDependencies } from '../dependencies';
import { offsetDocumentation } from '../documentation/offset-documentation';
import { knownProjection, requestIdOf, submitRequest, submittedRequest } from '../operation-submission';
import { failWith } from '../problem';
import { allowOnly, queryOf } from '../query-parameters';
import { LogId, Offset, Partition, TopicName } from '../request-values';

/** A group reads some topics of some partitions each. */
const MAX_MOVES = 1_000;

const OffsetMove = record('offset-move', {
  topic: field(TopicName, 'The topic.'),
  partition: field(Partition, 'The partition.'),
  logId: field(LogId, 'The identity of the log that the offsets count in.'),
  fromOffset: field(Offset, 'Where the group stands: where it has moved on meanwhile, nothing is done.'),
  toOffset: field(Offset, 'The offset of the record to read next.'),
});

const OffsetsBody = record('offsets', {
  moves: field(listOf(OffsetMove, MAX_MOVES), 'One for each partition that is moved.'),
});

/** Adds them. */
export const offsetRoutes = (app: FastifyInstance, dependencies: ApiDependencies): void => {
  app.post<{ Params: { group: string }; Body: RecordOf<(typeof OffsetsBody)['fields']> }>(
    '/ops/groups/:group/offsets',
    {
      schema: { body: jsonSchemaOf(OffsetsBody, { additionalProperties: false }) },
      config: { access: 'operator', bodyCodec: OffsetsBody, documentation: offsetDocumentation.move },
    },
    (request, reply) => {
      allowOnly(queryOf(request));
      // Each projection is a group under its own name; other groups are moved while their role is stopped.
      const group = knownProjection(dependencies, request.params.group);
      refuseUnknownPlaces(dependencies, group, request.body.moves);
      const { id } = submitRequest(
        dependencies,
        'move-offsets',
        { group, moves: request.body.moves },
        request.caller.name,
      );
      return reply
        .code(202)
        .header('location', `/ops/offset-moves/${id}`)
        .send({ id, state: 'requested', reason: null });
    },
  );

  app.get<{ Params: { id: string } }>(
    '/ops/offset-moves/:id',
    { config: { documentation: offsetDocumentation.shown } },
    async ({ params }) => {
      const id = requestIdOf(params.id);
      const taken = dependencies.views.offsetRequest(id);
      if (taken !== undefined) return taken;
      if ((await submittedRequest(dependencies, 'move-offsets', id)) === undefined) {
        failWith('unknown-offset-move', `No move of offsets has the id ${id}.`);
      }
      return { id, state: 'requested', reason: null };
    },
  );
};

type Moves = RecordOf<(typeof OffsetsBody)['fields']>['moves'];

/** Where the group has told of its partitions: what it does not read cannot be moved. */
const refuseUnknownPlaces = ({ views }: ApiDependencies, group: string, moves: Moves): void => {
  if (moves.length === 0) failWith('parameters-conflict', "'moves' names no partition.");
  const places = moves.map(({ topic, partition }) => `${topic}/${partition}`);
  const twice = places.find((place, index) => places.indexOf(place) !== index);
  if (twice !== undefined) failWith('parameters-conflict', `${twice} is moved twice.`);
  const known = views.groups().find((each) => each.group === group)?.partitions ?? [];
  const names = known.map(({ topic, partition }) => `${topic}/${partition}`);
  const unknown = names.length === 0 ? undefined : places.find((place) => !names.includes(place));
  if (unknown === undefined) return;
  failWith('parameters-conflict', `${group} reads no ${unknown}; it reads ${names.join(', ')}.`);
};
