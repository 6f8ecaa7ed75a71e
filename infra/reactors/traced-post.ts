/** Spans of the commands that processes send, and of the calls of effects: children of what processed the event before them. */
import type { ProcessCommand } from '../../domain/kernel/process-manager';
import { noTracer, type SpanAttributes, type Tracer } from '../tracing/tracer';
import type { PostAttempt, PostResult } from './processes/processes';

type Traced = Pick<PostAttempt, 'traceparent'>;

/** Returns the function with its attempts traced; the function itself where tracing is off. */
export const tracedPost = <Attempt extends Traced>(
  post: (command: ProcessCommand, signal: AbortSignal, attempt: Attempt) => Promise<PostResult>,
  tracer: Tracer = noTracer,
  nameOf: (command: ProcessCommand) => string,
): typeof post => {
  if (!tracer.isOn) return post;
  return async (command, signal, attempt) => {
    const { traceparent } = attempt;
    const span = tracer.start({
      name: nameOf(command),
      kind: 'client',
      parent: traceparent === null ? undefined : { traceparent },
      attributes: {
        'messaging.message.conversation_id': command.correlationId,
        'tidemark.command': command.type,
        'tidemark.command.id': command.id,
        'tidemark.causation_id': command.causationId,
      },
    });
    const result = await post(command, signal, { ...attempt, traceparent: span.context.traceparent });
    span.end(endOf(result));
    return result;
  };
};

/** A rejection is an answer, and a later time a wish: neither is a failure. */
const endOf = (result: PostResult): { readonly failure?: string; readonly attributes?: SpanAttributes } => {
  switch (result._tag) {
    case 'Decided':
      return { attributes: { 'tidemark.outcome': result.outcome._tag } };
    case 'Later':
      return { attributes: { 'tidemark.outcome': result._tag } };
    case 'Retry':
    case 'Defect':
      return { failure: result._tag.toLowerCase() };
  }
};
