/** The ids that each log line about an event or a command has, under the same names in every role. Never a payload. */
import type { ProcessCommand } from '../domain/kernel/process-manager';
import type { EventEnvelope } from '../domain/kernel/recorded-event';

/** The fields that say which event a line is about. */
export interface EventFields {
  readonly eventId: string;
  readonly correlationId: string;
  readonly causationId: string;
  /** Where its request was traced. */
  readonly traceId?: string;
}

/** The fields of an event. */
export const eventFields = ({
  id,
  correlationId,
  causationId,
  traceparent,
}: Pick<EventEnvelope, 'id' | 'correlationId' | 'causationId' | 'traceparent'>): EventFields => ({
  eventId: id,
  correlationId,
  causationId,
  ...traceFields(traceparent),
});

/** The fields that say which command of a process, or which call of an effect, a line is about. */
export interface CommandFields {
  readonly commandId: string;
  readonly correlationId: string;
  /** The event that caused it. */
  readonly causationId: string;
  readonly traceId?: string;
}

/** The fields of a command that a process has issued. */
export const commandFields = (
  { id, correlationId, causationId }: Pick<ProcessCommand, 'id' | 'correlationId' | 'causationId'>,
  traceparent?: string | null,
): CommandFields => ({ commandId: id, correlationId, causationId, ...traceFields(traceparent) });

const TRACE_ID_START = 3;
const TRACE_ID_END = 35;

/** The id of a trace context's trace. */
export const traceFields = (traceparent: string | null | undefined): { readonly traceId?: string } =>
  typeof traceparent === 'string' ? { traceId: traceparent.slice(TRACE_ID_START, TRACE_ID_END) } : {};
