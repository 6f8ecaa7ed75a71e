/** Spans of the commands that processes send: children of the span in which the event that caused them was processed. */
import { noTracer, type Tracer } from '../tracing/tracer';
import type { PostToApi } from './command-client';
import type { PostResult } from './processes/processes';

/** The function with its requests traced; the function itself where tracing is off. */
export const tracedPost = (post: PostToApi, tracer: Tracer = noTracer): PostToApi => {
  if (!tracer.isOn) return post;
  return async (command, signal, traceparent = null) => {
    const span = tracer.start({
      name: `POST ${command.category}/${command.type}`,
      kind: 'client',
      parent: traceparent === null ? undefined : { traceparent },
      attributes: {
        'http.request.method': 'POST',
        'messaging.message.conversation_id': command.correlationId,
        'tidemark.command': command.type,
        'tidemark.command.id': command.id,
        'tidemark.causation_id': command.causationId,
      },
    });
    const result = await post(command, signal, span.context.traceparent);
    span.end(endOf(result));
    return result;
  };
};

/** A rejection is an answer, not a failure. */
const endOf = (result: PostResult): Parameters<ReturnType<Tracer['start']>['end']>[0] =>
  result._tag === 'Decided'
    ? { attributes: { 'tidemark.outcome': result.outcome._tag } }
    : { failure: result._tag === 'Retry' ? 'retry' : 'defect' };
