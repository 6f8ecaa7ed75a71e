/** The AsyncAPI document, generated from the catalog: which events are on which topic, their versions, and the partition key. */
import type { Aggregate, Catalog } from '../../domain/kernel/aggregate';
import type { JsonSchema } from '../../domain/kernel/codec';
import type { AnyEventDefinition } from '../../domain/kernel/event-definition';
import { versionsOf, type EventVersion } from '../../domain/kernel/event-versions';
import { schemaOf } from './contract-lock';
import { sampleValues } from '../schemas/schema-values';

type Json = Readonly<Record<string, unknown>>;

/** The AsyncAPI 3 document of what the relay publishes, in CloudEvents' structured mode. */
export const asyncApiOf = ({ aggregates }: Catalog): Json => {
  const messages = aggregates.flatMap((aggregate) =>
    messagesOf(aggregate).map((each) => [each.name, each.message] as const),
  );
  return {
    asyncapi: '3.1.0',
    info: {
      title: 'Tidemark',
      version: '1',
      description:
        'Business facts as CloudEvents 1.0, one topic for each kind of aggregate. Every version that was ever written is listed: ' +
        'records of older versions stay on the topics.',
    },
    defaultContentType: 'application/cloudevents+json',
    channels: Object.fromEntries(aggregates.map((aggregate) => [aggregate.topic.name, channelOf(aggregate)])),
    operations: Object.fromEntries(
      aggregates.map(({ topic, category }) => [
        `publish-${topic.name}`,
        {
          action: 'send',
          channel: { $ref: `#/channels/${topic.name}` },
          summary: `Everything that happens to ${category === 'stock' ? 'stock' : `${category}s`}.`,
        },
      ]),
    ),
    components: { messages: Object.fromEntries(messages) },
  };
};

const channelOf = (aggregate: Aggregate): Json => {
  const { topic, meaning } = aggregate;
  const { is, because, concurrency, skew } = topic.key;
  const retention = topic.retention === 'forever' ? -1 : topic.retention.ms;
  return {
    address: topic.name,
    title: topic.name,
    description: `${meaning} The key is ${is}. ${because} ${concurrency} ${skew}`,
    messages: Object.fromEntries(
      messagesOf(aggregate).map(({ name }) => [name, { $ref: `#/components/messages/${name}` }]),
    ),
    bindings: {
      kafka: {
        topic: topic.name,
        partitions: topic.partitions,
        topicConfiguration: { 'retention.ms': retention },
        bindingVersion: '0.5.0',
      },
    },
  };
};

const messagesOf = (aggregate: Aggregate): ReadonlyArray<{ readonly name: string; readonly message: Json }> =>
  [...aggregate.events.values()].flatMap((definition) =>
    versionsOf(definition).map((version) => ({
      name: `${version.type}.${version.schemaVersion}`,
      message: messageOf(aggregate, definition, version),
    })),
  );

const messageOf = ({ topic, category }: Aggregate, definition: AnyEventDefinition, version: EventVersion): Json => {
  const { type, schemaVersion, meaning, since, superseded } = version;
  const schema = schemaOf(version);
  const past =
    superseded === undefined
      ? ''
      : ` Deprecated since ${superseded.deprecated}, not written from ${superseded.sunset} on.`;
  return {
    name: type,
    title: `${type}, version ${schemaVersion}`,
    summary: meaning,
    description: `Owned by: ${definition.owner}. Written since ${since}.${past}`,
    contentType: 'application/cloudevents+json',
    payload: cloudEventSchema(category, version, schema),
    bindings: { kafka: { key: { type: 'string', description: `The key: ${topic.key.is}.` }, bindingVersion: '0.5.0' } },
    examples: [{ name: 'smallest', payload: cloudEventExample(category, version, sampleValues(schema)[0]) }],
    'x-deprecated': superseded !== undefined,
  };
};

const text = (description: string): JsonSchema => ({ type: 'string', description });

const cloudEventSchema = (category: string, { type, schemaVersion }: EventVersion, data: JsonSchema): JsonSchema => ({
  type: 'object',
  required: [
    'specversion',
    'id',
    'source',
    'type',
    'subject',
    'time',
    'dataschema',
    'correlationid',
    'causationid',
    'actor',
    'streamversion',
    'position',
    'data',
  ],
  properties: {
    specversion: { type: 'string', const: '1.0' },
    id: text('`<stream>@<version>`: the same event has the same id, however often it is delivered.'),
    source: { type: 'string', const: `/tidemark/${category}` },
    type: { type: 'string', const: type },
    subject: text('The id of the aggregate, which is also the key of the record.'),
    time: {
      type: 'string',
      format: 'date-time',
      description: 'When the store recorded it; business time is in the data.',
    },
    dataschema: {
      type: 'string',
      pattern: `/${type}/${schemaVersion}$`,
      description: 'Where the JSON Schema of the data is.',
    },
    datacontenttype: { type: 'string', const: 'application/json' },
    correlationid: text('The same for everything that follows from one request.'),
    causationid: text('The event or request that caused it.'),
    actor: text('Who did it.'),
    traceparent: text('The W3C trace context of the request, where it had one.'),
    streamversion: { type: 'integer', minimum: 1, description: 'The place in its stream, without gaps.' },
    position: { type: 'integer', minimum: 1, description: 'The place in the whole store, in commit order.' },
    data,
  },
});

const cloudEventExample = (category: string, { type, schemaVersion }: EventVersion, data: unknown): Json => ({
  specversion: '1.0',
  id: `${category}-a@1`,
  source: `/tidemark/${category}`,
  type,
  subject: 'a',
  time: '2017-07-09T21:57:05.000Z',
  dataschema: `http://127.0.0.1:8080/schemas/${type}/${schemaVersion}`,
  datacontenttype: 'application/json',
  correlationid: 'request-1',
  causationid: 'request-1',
  actor: 'anonymous',
  streamversion: 1,
  position: 1,
  data,
});
