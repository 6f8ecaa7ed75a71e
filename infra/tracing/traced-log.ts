/** Spans of what is sent to Kafka: one for each record that carries a sampled trace context, from sending to its report. */
import type { EventLog, LogProducer, OutgoingRecord } from '../kafka/event-log';
import { headerNamed, recordHeaders, TRACEPARENT_HEADER } from '../kafka/record-headers';
import { eventAttributes, messagingAttributes } from './messaging';
import { isSampled, type Span, type Tracer } from './tracer';

/** The log with its sent records traced; the log itself where tracing is off. */
export const tracedLog = (log: EventLog, tracer: Tracer): EventLog => {
  if (!tracer.isOn) return log;
  return {
    ...log,
    openProducer: async (listener, options) => {
      const open = new Map<number, Span>();
      const endAll = (failure: string): void => {
        for (const span of open.values()) span.end({ failure });
        open.clear();
      };
      const producer = await log.openProducer(
        {
          onDelivered: (sequence, topic) => {
            open.get(sequence)?.end();
            open.delete(sequence);
            listener.onDelivered(sequence, topic);
          },
          onFailed: (failure) => {
            endAll(failure.class);
            listener.onFailed(failure);
          },
        },
        options,
      );
      return {
        ...producer,
        send: sending(producer, tracer, open),
        close: async () => {
          await producer.close();
          endAll('closed');
        },
      };
    },
  };
};

const sending =
  (producer: LogProducer, tracer: Tracer, open: Map<number, Span>): LogProducer['send'] =>
  (record) => {
    const result = producer.send(record);
    if (result !== 'queued' || record.headers.length < 2) return result;
    const traceparent = headerNamed(recordHeaders(record.headers), TRACEPARENT_HEADER)?.toString();
    if (traceparent !== undefined && isSampled(traceparent)) {
      open.set(record.sequence, sendSpan(tracer, record, traceparent));
    }
    return result;
  };

/** The context of the message is that of its creation, so that this span is a client's, and names that context as a link. */
const sendSpan = (
  tracer: Tracer,
  { topic, partition, key, value, headers }: OutgoingRecord,
  traceparent: string,
): Span =>
  tracer.start({
    name: `send ${topic}`,
    kind: 'client',
    parent: { traceparent },
    isLinked: true,
    attributes: {
      ...messagingAttributes('send', topic),
      ...eventAttributes({ value: value === null ? null : Buffer.from(value), headers: recordHeaders(headers) }),
      'messaging.destination.partition.id': String(partition),
      'messaging.kafka.message.key': key === null ? undefined : String(key),
    },
  });
