/** The span in which a command's events are created; its context is stored with them, and travels with them from there. */
import * as E from 'fp-ts/Either';
import { streamName } from '../../domain/kernel/recorded-event';
import type { HandleCommand } from '../commands/command-port';
import { messagingAttributes } from './messaging';
import { failureNameOf, type Tracer } from './tracer';

/** The handler with its commands traced; the handler itself where tracing is off. */
export const tracedCommands = (handle: HandleCommand, tracer: Tracer): HandleCommand => {
  if (!tracer.isOn) return handle;
  return (request) => async () => {
    const { aggregate, command, metadata } = request;
    const { traceparent, ...others } = metadata;
    const topic = aggregate.topic.name;
    const span = tracer.start({
      name: `create ${topic}`,
      kind: 'producer',
      parent: traceparent === undefined ? undefined : { traceparent },
      attributes: {
        ...messagingAttributes('create', topic),
        'messaging.message.conversation_id': metadata.correlationId,
        'tidemark.stream': streamName(aggregate.category, command.id),
        'tidemark.command': command.type,
      },
    });
    try {
      const result = await handle({ ...request, metadata: { ...others, ...span.context } })();
      if (E.isLeft(result)) span.end({ attributes: { 'tidemark.outcome': result.left._tag } });
      else {
        const { events, replayed } = result.right;
        span.end({
          attributes: {
            'tidemark.outcome': replayed ? 'Replayed' : 'Accepted',
            'messaging.batch.message_count': events.length,
            'messaging.message.id': events.length === 1 ? events[0]?.id : undefined,
          },
        });
      }
      return result;
    } catch (error) {
      span.end({ failure: failureNameOf(error) });
      throw error;
    }
  };
};
