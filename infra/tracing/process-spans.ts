/** Spans of the processing of events by a consumer group: one for each record of a batch that carries a sampled context. */
import type { EventEnvelope } from '../../domain/kernel/recorded-event';
import type { LogRecord } from '../kafka/event-log';
import { headerNamed, STRUCTURED_HEADERS, TRACEPARENT_HEADER } from '../kafka/record-headers';
import { eventAttributes, messagingAttributes } from './messaging';
import { failureNameOf, isSampled, type Span, type Tracer } from './tracer';

interface Records {
  readonly records: ReadonlyArray<LogRecord>;
}

export interface ProcessSpans {
  /** Returns the function with the records of each call traced, from its start to its end. */
  readonly around: <Batch extends Records, Result>(
    apply: (batch: Batch) => Promise<Result>,
  ) => (batch: Batch) => Promise<Result>;
  /** The `traceparent` for what follows from an event: that of its span while it is processed, else that of the event. */
  readonly traceparentOf: (event: Pick<EventEnvelope, 'id' | 'traceparent'>) => string | undefined;
}

/** The spans of one group; where tracing is off, functions are returned as they are. */
export const processSpans = (tracer: Tracer, group: string): ProcessSpans => {
  if (!tracer.isOn) return { around: (apply) => apply, traceparentOf: ({ traceparent }) => traceparent };
  // A group applies one batch at a time.
  const contexts = new Map<string, string>();
  return {
    around: (apply) => async (batch) => {
      const spans = batch.records.flatMap((record) => startSpan(tracer, group, record, contexts) ?? []);
      try {
        const result = await apply(batch);
        for (const span of spans) span.end();
        return result;
      } catch (error) {
        for (const span of spans) span.end({ failure: failureNameOf(error) });
        throw error;
      } finally {
        contexts.clear();
      }
    },
    traceparentOf: ({ id, traceparent }) => contexts.get(id) ?? traceparent,
  };
};

const startSpan = (
  tracer: Tracer,
  group: string,
  record: LogRecord,
  contexts: Map<string, string>,
): Span | undefined => {
  if (record.headers === STRUCTURED_HEADERS) return undefined;
  const traceparent = headerNamed(record.headers, TRACEPARENT_HEADER)?.toString();
  if (traceparent === undefined || !isSampled(traceparent)) return undefined;
  const { topic, partition, offset, key } = record;
  const event = eventAttributes(record);
  const span = tracer.start({
    name: `process ${topic}`,
    kind: 'consumer',
    parent: { traceparent },
    isLinked: true,
    attributes: {
      ...messagingAttributes('process', topic),
      ...event,
      'messaging.consumer.group.name': group,
      'messaging.destination.partition.id': String(partition),
      'messaging.kafka.offset': offset,
      'messaging.kafka.message.key': key?.toString(),
    },
  });
  const id = event['messaging.message.id'];
  if (typeof id === 'string') contexts.set(id, span.context.traceparent);
  return span;
};
