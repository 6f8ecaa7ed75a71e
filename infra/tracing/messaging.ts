/** Names and attributes of spans about messages, by OpenTelemetry's semantic conventions for messaging and for Kafka. */
import * as E from 'fp-ts/Either';
import { readCloudEvent } from '../kafka/cloud-events';
import type { LogRecord } from '../kafka/event-log';
import type { SpanAttributes } from './tracer';

/** The attributes of one operation on a topic. */
export const messagingAttributes = (operation: 'create' | 'send' | 'process', topic: string): SpanAttributes => ({
  'messaging.system': 'kafka',
  'messaging.operation.name': operation,
  'messaging.operation.type': operation,
  'messaging.destination.name': topic,
});

/** The ids of the event in a record; none where it is not an event. */
export const eventAttributes = (record: Pick<LogRecord, 'value' | 'headers'>): SpanAttributes => {
  const received = readCloudEvent(record);
  if (E.isLeft(received)) return {};
  const { id, correlationId, type } = received.right.envelope;
  return {
    'messaging.message.id': id,
    'messaging.message.conversation_id': correlationId,
    'tidemark.event.type': type,
  };
};
